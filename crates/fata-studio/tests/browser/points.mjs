// Runs of points show the picture of the game: the ring with the discriminator's
// map, and figure 1 of the first paper, back through the training.
export default async function ({ place, person }) {
  const one = await person();
  const { page } = one;
  await one.opens(place.studio);
  await page.getByLabel("Show 00001-ring-points").waitFor();
  for (const name of await page.locator("#runs input[type=checkbox]:checked").evaluateAll(boxes => boxes.map(box => box.getAttribute("aria-label")))) {
    await page.getByLabel(name).uncheck();
  }
  for (const [run, name] of [["00001-ring-points", "points"], ["00002-gaussian-figure1", "figure1"]]) {
    await page.getByLabel(`Show ${run}`).check();
    await one.picturesAreThere(`[alt^="samples of ${run}"]`);
    const size = await page.locator(`[alt^="samples of ${run}"]`).evaluate(image => image.naturalWidth);
    if (size < 400) throw new Error(`the picture of ${run} is ${size} wide: no plot`);
    const first = await page.locator(`[alt^="samples of ${run}"]`).getAttribute("src");
    await page.getByLabel(`Samples of ${run}`).focus();
    await page.keyboard.press("Home");
    await one.until("the slider goes back", ([run, first]) => document.querySelector(`[alt^="samples of ${run}"]`).getAttribute("src") !== first, [run, first]);
    await page.keyboard.press("End");
    await one.picturesAreThere(`[alt^="samples of ${run}"]`);
    await page.locator("#samples").scrollIntoViewIfNeeded();
    await one.isPhotographed(name);
    await page.getByLabel(`Show ${run}`).uncheck();
  }
}
