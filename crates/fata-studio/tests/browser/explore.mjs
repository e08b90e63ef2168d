// A grid of seeds, truncation, and the way between two pictures.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  const one = await person();
  const { page } = one;
  await one.opens(`${place.studio}explore#00000-digits-digits`);
  await one.picturesAreThere("#seeds img");
  assert.equal(await page.inputValue("#run"), "00000-digits-digits");
  const options = await page.locator("#run option").allTextContents();
  assert.ok(!options.includes("00003-emoji-pix2pix"), "what translates has no seeds");
  await page.getByRole("button", { name: "After" }).click();
  await one.picturesAreThere("#seeds [alt='seed 47']");
  await page.locator("#seeds button").first().press("Enter");
  await page.locator("#seeds button").nth(5).press("Enter");
  await one.until("the way between is open", () => !document.getElementById("between").hidden);
  await one.picturesAreThere("#picture");
  const half = await page.getAttribute("#picture", "src");
  await page.locator("#at").focus();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await page.getAttribute("#picture", "src"), half);
  await one.picturesAreThere("#picture");
  await one.isPhotographed("explore");
  assert.match(await one.text("#command"), /^fata sample 00000-digits-digits .*--seeds 24-47/);
}
