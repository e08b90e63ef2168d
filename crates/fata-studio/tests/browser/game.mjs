// Ten rounds by keyboard with feedback, ten by pointer without and with a time,
// and what is read afterwards.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  const one = await person();
  const { page } = one;
  await one.opens(`${place.studio}game#00000-digits-digits`);
  await one.until("the run is chosen", () => document.getElementById("run").value === "00000-digits-digits");
  assert.equal(await page.isVisible("#results"), false, "nobody has played");

  await one.tabsTo("#player");
  await page.keyboard.type("ann");
  await page.keyboard.press("Enter");
  for (let round = 1; round <= 10; round += 1) {
    await one.until(`round ${round}`, round => document.getElementById("round").textContent === `Round ${round} of 10` && !document.getElementById("left").disabled, round);
    await one.picturesAreThere("#play img");
    const sizes = await page.$$eval("#play img", images => images.map(image => [image.naturalWidth, image.naturalHeight, image.getBoundingClientRect().width]));
    assert.deepEqual(sizes[0], sizes[1], "both are shown alike");
    if (round === 3) await one.isPhotographed("game");
    await page.keyboard.press(["1", "2", "ArrowLeft", "ArrowRight"][round % 4]);
    await one.until("the truth is said", () => /^(Yes|No): the (left|right) one is real/.test(document.getElementById("round").textContent));
  }
  await one.until("the result", () => document.getElementById("share").textContent.includes("of 10 rounds"));
  await one.picturesAreThere("#lists img");
  assert.match(await one.text("#meaning"), /at 50 % people cannot tell them apart/);
  assert.match(await one.text("#notes"), /one player/i);

  await page.fill("#player", "bob");
  await page.selectOption("#time", "500");
  await page.uncheck("#feedback");
  await page.getByRole("button", { name: "Play" }).click();
  for (let round = 1; round <= 10; round += 1) {
    await one.until(`round ${round}`, round => document.getElementById("round").textContent === `Round ${round} of 10` && !document.getElementById("left").disabled, round);
    if (round === 1) await one.until("the pictures go", () => document.querySelector("#left img").classList.contains("away"));
    await page.click(round % 2 ? "#left" : "#right");
  }
  await one.until("the result of both", () => document.getElementById("share").textContent.includes("of 20 rounds"));
  assert.equal(await page.locator("#players tr").count(), 2);
  await page.locator("#results").scrollIntoViewIfNeeded();
  await one.isPhotographed("results");

  const report = JSON.parse(place.fata("judge --human runs/00000-digits-digits --json"));
  assert.deepEqual([report.rounds, report.players], [20, 2]);
  const share = report.metrics.share_fooled.value;
  assert.ok((await one.text("#share")).includes(`${(100 * share).toFixed(1)} %`));
}
