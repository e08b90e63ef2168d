// Draws, and sees the translation while drawing; drops a picture; by keyboard too.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  for (const url of [`${place.studio}translate#00003-emoji-pix2pix`, await place.serve("serve runs/00003-emoji-pix2pix")]) {
    const one = await person();
    const { page } = one;
    await one.opens(url);
    await one.picturesAreThere("#picture");
    const source = () => page.getAttribute("#picture", "src");
    const changes = async (what, act) => {
      const before = await source();
      await act();
      await one.until(what, before => document.getElementById("picture").src !== before, before);
      await one.picturesAreThere("#picture");
    };
    const box = await page.locator("#canvas").boundingBox();
    await changes("a circle is translated", async () => {
      // A circle.
      const at = turn => [box.x + box.width * (0.5 + 0.35 * Math.cos(turn)), box.y + box.height * (0.5 + 0.35 * Math.sin(turn))];
      await page.mouse.move(...at(0));
      await page.mouse.down();
      for (let step = 1; step <= 40; step += 1) await page.mouse.move(...at(2 * Math.PI * step / 40));
      await page.mouse.up();
    });
    await changes("a line by keyboard", async () => {
      await page.locator("#canvas").focus();
      await page.keyboard.press("Space");
      for (let step = 0; step < 6; step += 1) await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("Space");
    });
    await one.isPhotographed("translate");
    await changes("undone", () => page.getByRole("button", { name: "Undo" }).click());
    await changes("a picture from the disk", () => page.setInputFiles("#file", place.path("a/seed000001.png")));
    assert.ok(await page.isVisible("#drawn"), "edges can be drawn of it first");
    await changes("as it is", () => page.uncheck("#draw"));
    await page.setInputFiles("#file", place.path("runs/00003-emoji-pix2pix/recipe.toml"));
    await one.until("no picture is said to be none", () => document.getElementById("error").textContent.includes("no picture"));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    assert.equal(download.suggestedFilename(), "translation.png");
    // A wild scribble: what is drawn last is translated in the end.
    await page.getByRole("button", { name: "Clear" }).click();
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    for (let step = 0; step < 200; step += 1) await page.mouse.move(box.x + 20 + (37 * step) % 200, box.y + 20 + (53 * step) % 200);
    await page.mouse.up();
    await one.until("all of it is translated", () => !document.getElementById("took").hasAttribute("aria-busy"));
    const settled = await source();
    await page.waitForTimeout(500);
    assert.equal(await source(), settled, "nothing is asked when nothing is drawn");
  }
}
