// Somebody in front of a page. Whatever the page complains of, and every request
// to another host, is remembered.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

const PATIENCE = 60_000;

export class Person {
  #context;
  #complaints = [];
  #hosts = new Set();

  static async come(browser, { width = 1200, height = 900, touch = false, expects = [] } = {}) {
    const person = new Person();
    person.#context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, isMobile: touch, acceptDownloads: true });
    person.page = await person.#context.newPage();
    person.page.setDefaultTimeout(PATIENCE);
    person.page.on("console", message => {
      // A refusal that a test asks for is logged by the browser itself.
      if (message.type() === "error" && !expects.some(text => message.text().includes(text))) person.#complaints.push(message.text());
    });
    person.page.on("pageerror", error => person.#complaints.push(error.stack));
    person.#context.on("request", request => {
      const url = new URL(request.url());
      if (url.protocol !== "blob:" && url.protocol !== "data:") person.#hosts.add(url.host);
    });
    return person;
  }

  async opens(url) {
    this.host = new URL(url).host;
    await this.page.goto(url);
  }

  /// Waits until something holds on the page.
  async until(what, holds, argument) {
    try { await this.page.waitForFunction(holds, argument, { timeout: PATIENCE, polling: 100 }); }
    catch (error) { throw new Error(`never: ${what} (${error.message.split("\n")[0]})`); }
  }

  text(selector) { return this.page.textContent(selector); }

  /// Tab until what has the focus fits; the keyboard reaches everything.
  async tabsTo(selector) {
    for (let step = 0; step < 80; step += 1) {
      if (await this.page.evaluate(wanted => document.activeElement?.matches(wanted), selector)) return;
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`Tab never reaches ${selector}`);
  }

  async fitsTheScreen() {
    const [content, screen] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= screen, `the page is ${content} wide on a screen of ${screen}`);
  }

  async picturesAreThere(selector) {
    await this.until(`pictures at ${selector}`, wanted => {
      const images = [...document.querySelectorAll(wanted)];
      return images.length > 0 && images.every(image => image.complete && image.naturalWidth > 0);
    }, selector);
  }

  async isPhotographed(name) {
    const folder = process.env.SCREENSHOTS;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async whatItSees() {
    return `at ${this.page.url()}, complaints ${JSON.stringify(this.#complaints)}:\n${(await this.page.innerText("body").catch(() => "")).slice(0, 2000)}`;
  }

  hasNothingToComplainOf() {
    assert.deepEqual(this.#complaints, [], "console errors");
    assert.deepEqual([...this.#hosts].filter(host => host !== this.host), [], "requests to other hosts");
    assert.ok(this.#hosts.size > 0);
  }

  leaves() { return this.#context.close(); }
}
