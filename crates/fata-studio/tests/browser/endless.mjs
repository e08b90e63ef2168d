// One that does not exist, and another: in the studio, and where a model is served.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  for (const url of [`${place.studio}endless#00000-digits-digits`, await place.serve("serve runs/00000-digits-digits")]) {
    const one = await person();
    const { page } = one;
    await one.opens(url);
    await one.picturesAreThere("#picture");
    const first = await one.text("#seed");
    await page.keyboard.press("ArrowRight");
    await one.until("another one", first => document.getElementById("seed").textContent !== first, first);
    await one.picturesAreThere("#picture");
    await page.keyboard.press("ArrowLeft");
    await one.until("the first again", first => document.getElementById("seed").textContent === first, first);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    assert.match(download.suggestedFilename(), /^seed\d{6,}\.png$/);
    await one.isPhotographed("endless");
    await page.reload();
    await one.until("a reload keeps the seed", first => document.getElementById("seed").textContent === first, first);
  }
}
