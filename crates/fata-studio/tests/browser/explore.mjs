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

  // Pinned ones stay when the grid goes on, and are part of the command and of the file.
  await page.locator("#seeds button").nth(2).focus();
  await page.keyboard.press("p");
  await page.locator("#seeds button").nth(3).click({ button: "right" });
  await page.getByRole("button", { name: "Before" }).click();
  await one.picturesAreThere("#pins [alt='seed 27']");
  assert.equal(await page.locator("#pins button").count(), 2);
  assert.match(await one.text("#command"), /--seeds 26,27,0-23/);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the grid" }).click()]);
  assert.equal(download.suggestedFilename(), "grid.png");

  // Dragging one onto another is the way between them.
  await page.locator("#seeds button").nth(1).dragTo(page.locator("#pins button").first());
  await one.until("the way goes from 1 to 26", () => document.getElementById("ends").textContent === "From seed 1 to seed 26");
  await one.picturesAreThere("#picture");
  await page.getByRole("button", { name: "After" }).click();
  assert.match(await one.text("#command"), /^fata sample runs\/00000-digits-digits .*--seeds 26,27,24-47/);
}
