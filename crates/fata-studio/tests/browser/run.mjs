// Opens the studio in a headless Chromium and does on each page what a person
// does: `node run.mjs FATA [PAGE ...]`. With SCREENSHOTS=DIR it keeps a picture
// of each page there; CHROMIUM=PATH names the browser.
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { Place } from "./place.mjs";
import { Person } from "./person.mjs";

const PAGES = ["runs", "points", "explore", "explore-latents", "endless", "translate", "game", "beside", "phone"];
const [fata, ...wanted] = process.argv.slice(2);
if (!fata) throw new Error("usage: node run.mjs FATA [PAGE ...]");

const executablePath = process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath) throw new Error("no Chromium here: install Debian's `chromium`, or name one with CHROMIUM=PATH");
const folder = await mkdtemp(join(tmpdir(), "fata-browser-"));
const place = new Place(resolve(fata), folder);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = 0, passed = 0;
try {
  await place.prepare();
  for (const name of wanted.length ? wanted : PAGES) {
    const { default: test } = await import(`./${name}.mjs`);
    const began = Date.now();
    const people = [];
    const person = async options => {
      const one = await Person.come(browser, options);
      people.push(one);
      return one;
    };
    try {
      await test({ place, person });
      for (const one of people) one.hasNothingToComplainOf();
      passed += 1;
      console.log(`ok      ${name}  ${((Date.now() - began) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
      for (const one of people) console.log(await one.whatItSees());
    }
    for (const one of people) await one.leaves();
  }
} finally {
  await browser.close();
  await place.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
