// Trains from the page, watches, pauses, resumes, stops; compares two runs; by
// keyboard alone in the end.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  const one = await person({ expects: ["400 (Bad Request)"] });
  const { page } = one;
  await one.opens(place.studio);
  const row = name => page.locator("#runs tr", { hasText: name });
  await row("00000-digits-digits").waitFor();

  // By keyboard: open the form, fill it, start.
  await one.tabsTo("summary");
  await page.keyboard.press("Enter");
  await one.tabsTo("[name=data]");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("digits");
  await one.tabsTo("[name=images]");
  await page.keyboard.type("9M");
  await one.tabsTo("[name=every]");
  await page.keyboard.type("256");
  await page.keyboard.press("Enter");
  const name = "00004-digits-digits";
  await row(name).waitFor();
  await one.until("it trains", name => document.querySelector(`[aria-label="Pause ${name}"]`), name);
  await one.until("its samples are shown", name => document.querySelector(`[alt^="samples of ${name}"]`), name);
  const image = page.locator(`[alt^="samples of ${name}"]`);
  const before = await image.getAttribute("src");
  await one.until("the grid changes", ([name, before]) => document.querySelector(`[alt^="samples of ${name}"]`).getAttribute("src") !== before, [name, before]);
  await one.until("curves are drawn", () => {
    const canvas = document.querySelector("#chart-loss canvas");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 200) colours.add(pixels.slice(at, at + 3).join());
    return colours.size > 5;
  });
  await one.until("the time left is said", name => {
    const line = [...document.querySelectorAll("#runs tr")].find(line => line.textContent.includes(name));
    return /\d+ (s|min|h)/.test(line.children[4].textContent);
  }, name);
  await one.until("the doctor speaks", name => document.getElementById("words").textContent.includes(`The doctor on ${name}`), name);

  await page.getByRole("button", { name: `Pause ${name}` }).press("Enter");
  await page.getByRole("button", { name: `Resume ${name}` }).waitFor();
  const paused = await row(name).locator("td").nth(3).textContent();
  await page.getByRole("button", { name: `Resume ${name}` }).press("Enter");
  await one.until("it goes on", ([name, paused]) => {
    const line = [...document.querySelectorAll("#runs tr")].find(line => line.textContent.includes(name));
    return line.children[2].textContent === "training" && line.children[3].textContent !== paused;
  }, [name, paused]);
  await page.getByRole("button", { name: `Stop ${name}` }).click();
  await page.getByRole("button", { name: `Resume ${name}` }).waitFor();

  // Back through the training, and two runs side by side.
  await page.getByLabel("Show 00000-digits-digits").check();
  const slider = page.getByLabel("Samples of 00000-digits-digits");
  await slider.focus();
  await page.keyboard.press("Home");
  const first = await one.text("figure:has([aria-label='Samples of 00000-digits-digits']) figcaption");
  assert.match(first, /^after 0 images \(1 of \d+\)/);
  await page.keyboard.press("End");
  assert.notEqual(await one.text("figure:has([aria-label='Samples of 00000-digits-digits']) figcaption"), first);
  await one.picturesAreThere("#grids img");
  assert.equal(await page.locator("#grids figure").count(), 2);
  assert.equal(await page.locator("#legend span").count(), 3);

  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  await one.isPhotographed("runs");
  await page.locator("#samples").evaluate(samples => samples.scrollIntoView());
  await one.isPhotographed("curves");

  // What cannot be trained is said where it was asked for.
  await page.fill("[name=data]", "no/such/folder");
  await page.getByRole("button", { name: "Start" }).click();
  await one.until("the failure is said", () => document.getElementById("words").textContent.includes("no/such/folder"));
  await page.fill("[name=data]", "--help");
  await page.getByRole("button", { name: "Start" }).click().catch(() => {});
  await one.until("the refusal is said", () => document.getElementById("trouble").textContent.includes("dash"));
}
