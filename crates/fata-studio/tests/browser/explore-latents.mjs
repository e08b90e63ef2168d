// Pictures moved along directions, walked over on a map, added up, and searched for.
import assert from "node:assert/strict";

export default async function ({ place, person }) {
  const one = await person({ expects: ["415", "400"] });
  const { page } = one;
  await one.opens(`${place.studio}explore#00000-digits-digits`);
  await one.picturesAreThere("#seeds img");
  await page.locator("#seeds button").nth(7).click();
  const shows = (what, part, image = "moved") => one.until(what, ([image, part]) =>
    decodeURIComponent(document.getElementById(image).dataset.address ?? "").includes(part), [image, part]);
  await shows("the chosen picture", "seed=7");
  assert.equal(await page.locator("#sliders input").count(), 6);

  // A slider, by keyboard: the picture follows at once, and the same address gives the same bytes.
  await page.locator("#sliders input").nth(2).focus();
  for (let step = 0; step < 15; step += 1) await page.keyboard.press("ArrowRight");
  await shows("the picture moves", "directions=2:1.5");
  const took = [];
  for (let step = 0; step < 11; step += 1) {
    const before = await page.getAttribute("#moved", "data-address");
    await page.keyboard.press(step % 2 ? "ArrowRight" : "ArrowLeft");
    await one.until("the picture follows", before => document.getElementById("moved").dataset.address !== before, before);
    // The pictures under the map are made in pauses.
    await one.picturesAreThere("#ground img");
    took.push(Number(/\d+/.exec(await one.text("#moved-took"))[0]));
  }
  await page.keyboard.press("ArrowRight");
  await shows("the picture is back", "directions=2:1.5");
  took.sort((a, b) => a - b);
  console.log(`        slider to picture ${took[5]} ms, at most ${took[10]} ms`);
  assert.ok(took[5] < 500, `${took} ms from a slider to its picture`);
  const same = await page.evaluate(async () => {
    const bytes = async () => new Uint8Array(await (await fetch(document.getElementById("moved").dataset.address)).arrayBuffer()).join();
    return await bytes() === await bytes();
  });
  assert.ok(same, "the same address gives the same bytes");
  assert.match(await one.text("#steer-command"), /--by sefa --count 6 .*\n.*walk runs\/00000-digits-digits .*--seeds 7 --direction directions.safetensors:sefa2 --strength 1.5/);

  // The map, by pointer and by keyboard.
  await one.picturesAreThere("#ground img");
  assert.equal(await page.locator("#ground img").count(), 25);
  await page.locator("#map").scrollIntoViewIfNeeded();
  const box = await page.locator("#map").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 3 / 4, box.y + box.height / 4, { steps: 5 });
  await page.mouse.up();
  await shows("the picture follows the pointer", "directions=0:1.5,1:1.5,2:1.5");
  await page.locator("#map").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowDown");
  await shows("the picture follows the arrows", "directions=0:1.4,1:1,2:1.5");
  assert.equal(await one.text("#spot"), "1.4 across, 1.0 up");
  await one.until("the slider shows it", () => document.querySelector("#sliders input").value === "1.4");
  await one.picturesAreThere("#ground img");
  await one.isPhotographed("map");
  await page.getByRole("button", { name: "Pin it" }).click();
  await one.picturesAreThere("#pins [alt='latent 1']");

  // The boxes: by keyboard, by mouse, and emptied again.
  await page.locator("#seeds button").nth(3).click();
  await page.locator("#box-a").press("Enter");
  await page.locator("#seeds button").nth(5).dragTo(page.locator("#box-b"));
  await page.locator("#pins button").first().dragTo(page.locator("#box-c"));
  await one.picturesAreThere("#boxes img");
  assert.match(await one.text("#sum-command"), /^fata blend runs\/00000-digits-digits --which last '3 - 5 \+ @latent1.safetensors' --alone -o sum.png$/);
  await one.isPhotographed("latents");
  await page.locator("#box-c").press("Delete");
  assert.match(await one.text("#sum-command"), /'3 - 5'/);
  await page.locator("#seeds button").nth(3).dragTo(page.locator("#box-b"));
  await one.until("what cancels out is told", () => /cancel/.test(document.getElementById("error").textContent));
  await page.getByRole("button", { name: "Clear" }).click();

  // What is no picture is refused; a picture of the model's own is found.
  await page.setInputFiles("#wanted", { name: "a.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await one.until("the refusal", () => /no picture/.test(document.getElementById("search-error").textContent));
  const own = await page.evaluate(async () => [...new Uint8Array(await (await fetch("/api/run/00000-digits-digits/image?seed=99")).arrayBuffer())]);
  await page.setInputFiles("#wanted", { name: "b.png", mimeType: "image/png", buffer: Buffer.from(own) });
  await one.until("the search goes on", () => document.getElementById("progress").value > 0);
  await one.until("the latent is found", () => !document.getElementById("found").hidden);
  await one.picturesAreThere("#found img");
  assert.match(await one.text("#verdict"), /The model /);
  await one.picturesAreThere("#pins [alt='latent 2']");
  await one.until("it can be moved", () => document.getElementById("whose").textContent.startsWith("latent 2"));
  await page.locator("#box-a").press("Enter");
  assert.match(await one.text("#sum-command"), /'@latent2.safetensors' --alone/);
  await one.fitsTheScreen();
}
