// Every page on a phone: nothing is wider than the screen, and a finger plays and draws.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  const one = await person({ width: 360, height: 740, touch: true });
  const { page } = one;
  await one.opens(place.studio);
  await one.picturesAreThere("#grids img");
  await one.fitsTheScreen();
  await one.isPhotographed("phone-runs");
  for (const [path, pictures] of [["explore#00000-digits-digits", "#seeds img"], ["endless#00000-digits-digits", "#picture"], ["translate#00003-emoji-pix2pix", "#picture"]]) {
    await one.opens(place.studio + path);
    await one.picturesAreThere(pictures);
    await one.fitsTheScreen();
  }
  await one.opens(`${place.studio}explore#00000-digits-digits`);
  await one.picturesAreThere("#ground img");
  await page.locator("#box-a").tap();
  await one.picturesAreThere("#box-a img");
  await page.locator("#map").tap({ position: { x: 20, y: 20 } });
  await one.until("a tap walks over the map", () => /directions=/.test(document.getElementById("moved").dataset.address));
  await one.fitsTheScreen();
  await one.opens(`${place.studio}translate#00003-emoji-pix2pix`);
  await one.picturesAreThere("#picture");
  const before = await page.getAttribute("#picture", "src");
  await page.locator("#canvas").scrollIntoViewIfNeeded();
  const box = await page.locator("#canvas").boundingBox();
  await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  await one.until("a tap draws", before => document.getElementById("picture").src !== before, before);
  await one.opens(`${place.studio}game#00000-digits-digits`);
  await one.until("the run is chosen", () => document.getElementById("run").value === "00000-digits-digits");
  await page.fill("#player", "cy");
  await page.getByRole("button", { name: "Play" }).tap();
  for (let round = 1; round <= 3; round += 1) {
    await one.until(`round ${round}`, round => document.getElementById("round").textContent === `Round ${round} of 10` && !document.getElementById("left").disabled, round);
    await one.fitsTheScreen();
    const boxes = await Promise.all(["#left", "#right"].map(side => page.locator(side).boundingBox()));
    assert.ok(boxes.every(box => box.y + box.height <= 740), "both are on the screen");
    if (round === 1) await one.isPhotographed("phone-game");
    await page.locator("#left").tap();
    await one.until("the truth is said", () => /real/.test(document.getElementById("round").textContent));
  }
  await page.getByRole("button", { name: "Leave" }).tap();
  await one.until("the result", () => !document.getElementById("results").hidden);
  await one.fitsTheScreen();
}
