// All runs of the folder, live. What is drawn is thinned by the server; here
// it is only painted.
const at = id => document.getElementById(id);
const COLOURS = ["#2f7fd0", "#d9822b", "#3a9d5d", "#a457c4", "#c94f4f", "#7a7f35"];
const PALE = "66";
const FIRST = [
  ["loss", "Losses", ["loss_discriminator", "loss_generator"]],
  ["probability", "D(x) and D(G(z))", ["probability_real", "probability_fake"]],
  ["norm", "Gradient norms", ["gradient_norm_discriminator", "gradient_norm_generator"]],
  ["speed", "Images per second", ["images_per_second"]],
];
const NOT_DRAWN = new Set([...FIRST.flatMap(one => one[2]), "elapsed_seconds", "memory_bytes"]);
let shown = new Set();
let chosen = false;
let rows = [];
const runs = new Map();
const sliders = new Map();

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, attributes);
}

const short = number => number === undefined || number === null ? "" :
  Math.abs(number) >= 1000 ? Math.round(number).toLocaleString("en") : String(Number(number.toPrecision(3)));

function duration(seconds) {
  if (seconds < 60) return Math.round(seconds) + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min " + Math.round(seconds % 60) + " s";
  return Math.floor(seconds / 3600) + " h " + Math.round(seconds % 3600 / 60) + " min";
}

function state(row) {
  const seen = row.tick?.images_seen ?? 0;
  if (row.failure) return "failed";
  if (row.training) return "training";
  return row.images && seen >= row.images ? "done" : "stopped";
}

function buttons(row) {
  const cell = element("td");
  const add = (label, action) => {
    const button = element("button", label, { onclick: () => act(row.name, action) });
    button.setAttribute("aria-label", label + " " + row.name);
    cell.append(button, " ");
  };
  const now = state(row);
  // What `fata train --studio` trains ends together with this page.
  if (now === "training" && row.own) add("Stop", "stop");
  else if (now === "training" && row.here) { add("Pause", "pause"); add("Stop", "stop"); }
  else if (now === "training") cell.append(element("span", "trained elsewhere", { className: "soft" }));
  else if (now !== "done" && row.recipe) add("Resume", "resume");
  return cell;
}

async function act(name, action) {
  try { await ask(`/api/run/${encodeURIComponent(name)}/${action}`, {}); say(""); }
  catch (error) { say(error.message); }
  refresh();
}

const say = text => { at("now").textContent = text; };
let drawnRows = "";

function table() {
  const text = JSON.stringify([rows, [...shown]]);
  if (text === drawnRows) return;
  drawnRows = text;
  // The one who moves by keyboard keeps the place.
  const held = document.activeElement?.getAttribute("aria-label");
  at("runs").replaceChildren(...rows.map(row => {
    const line = element("tr");
    const box = element("input", undefined, { type: "checkbox", checked: shown.has(row.name) });
    box.setAttribute("aria-label", "Show " + row.name);
    box.onchange = () => { box.checked ? shown.add(row.name) : shown.delete(row.name); chosen = true; refresh(); };
    const cell = element("td"); cell.append(box);
    const tick = row.tick ?? {};
    const left = row.training && row.images && tick.images_per_second > 0 ?
      duration(Math.max(0, row.images - tick.images_seen) / tick.images_per_second) : "";
    line.append(cell, element("td", row.name), element("td", state(row)),
      element("td", short(tick.images_seen) + (row.images ? " of " + short(row.images) : "")),
      element("td", left), element("td", short(tick.images_per_second)),
      element("td", short(tick.probability_real)), element("td", short(tick.probability_fake)), buttons(row));
    return line;
  }));
  if (held) [...at("runs").querySelectorAll("[aria-label]")].find(one => one.getAttribute("aria-label") === held)?.focus();
  at("none").hidden = rows.length > 0;
}

function grids(names) {
  at("samples").hidden = names.every(name => !runs.get(name)?.samples.length);
  for (const [name, slider] of sliders) if (!names.includes(name)) { slider.figure.remove(); sliders.delete(name); }
  for (const name of names) {
    const samples = runs.get(name)?.samples ?? [];
    if (!samples.length) continue;
    if (!sliders.has(name)) {
      const figure = element("figure"), image = element("img", undefined, { className: "picture" });
      const range = element("input", undefined, { type: "range", min: 0 }), caption = element("figcaption");
      range.setAttribute("aria-label", "Samples of " + name);
      figure.append(element("h3", name), image, range, caption);
      at("grids").append(figure);
      const slider = { figure, image, range, caption, samples: [], newest: true };
      range.oninput = () => { slider.newest = Number(range.value) === slider.samples.length - 1; look(name, slider); };
      sliders.set(name, slider);
    }
    const slider = sliders.get(name);
    slider.samples = samples;
    slider.range.max = samples.length - 1;
    if (slider.newest) slider.range.value = samples.length - 1;
    look(name, slider);
  }
}

function look(name, slider) {
  const seen = slider.samples[Number(slider.range.value)];
  const address = `/api/run/${encodeURIComponent(name)}/sample/${seen}`;
  if (slider.image.getAttribute("src") !== address) slider.image.src = address;
  slider.image.alt = `samples of ${name} after ${seen} images`;
  slider.caption.textContent = `after ${short(seen)} images (${Number(slider.range.value) + 1} of ${slider.samples.length})`;
}

function charts(names) {
  at("curves").hidden = names.every(name => !runs.get(name)?.images_seen.length);
  at("legend").replaceChildren(...names.map((name, index) => {
    const label = element("span", "■ " + name);
    label.style.color = COLOURS[index % COLOURS.length];
    return label;
  }), element("span", "strong: discriminator or real; pale: generator or generated", { className: "soft" }));
  const more = new Set(names.flatMap(name => Object.keys(runs.get(name)?.columns ?? {})).filter(key => !NOT_DRAWN.has(key)));
  const all = [...FIRST, ...[...more].sort().map(key => [key, key.replaceAll("_", " "), [key]])];
  for (const [id, title, keys] of all) {
    let card = at("chart-" + id);
    if (!card) {
      card = element("div", undefined, { id: "chart-" + id });
      card.append(element("h3", title), element("canvas"));
      at("charts").append(card);
    }
    paint(card.querySelector("canvas"), names, keys, id === "probability");
  }
  for (const card of [...at("charts").children]) if (!all.some(one => "chart-" + one[0] === card.id)) card.remove();
}

function paint(canvas, names, keys, unit) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = box.width, height = box.height;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const lines = names.flatMap((name, index) => keys.map((key, which) => ({
    x: runs.get(name)?.images_seen ?? [], y: runs.get(name)?.columns[key],
    colour: COLOURS[index % COLOURS.length] + (which ? PALE : ""),
  }))).filter(line => line.y);
  let low = unit ? 0 : Infinity, high = unit ? 1 : -Infinity, far = 0;
  for (const line of lines) {
    far = Math.max(far, line.x[line.x.length - 1] ?? 0);
    if (!unit) for (const value of line.y.mean) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
  }
  if (!(far > 0) || !(low <= high)) return;
  if (low === high) { low -= 1; high += 1; }
  pen.font = "11px system-ui, sans-serif";
  const labels = [low, (low + high) / 2, high].map(value => [value, short(value)]);
  const left = 10 + Math.max(36, ...labels.map(label => pen.measureText(label[1]).width)), foot = 16, top = 6;
  const px = x => left + (width - left - 4) * x / far, py = y => top + (height - top - foot) * (1 - (y - low) / (high - low));
  const ink = getComputedStyle(document.body);
  pen.fillStyle = ink.getPropertyValue("--soft"); pen.strokeStyle = ink.getPropertyValue("--line");
  pen.textAlign = "right";
  for (const [value, label] of labels) {
    pen.fillText(label, left - 5, Math.max(py(value) + 4, 9));
    pen.beginPath(); pen.moveTo(left, py(value)); pen.lineTo(width - 4, py(value));
    pen.setLineDash(unit && value === 0.5 ? [5, 4] : []); pen.stroke();
  }
  pen.setLineDash([]);
  pen.fillText(short(far), width - 4, height - 3);
  for (const line of lines) {
    // The band from least to most, where a piece holds several ticks.
    pen.fillStyle = line.colour.slice(0, 7) + "22"; pen.beginPath();
    pen.save(); pen.rect(left, top, width - left, height - top - foot); pen.clip(); pen.beginPath();
    line.y.most.forEach((value, i) => { if (value !== null) pen.lineTo(px(line.x[i]), py(value)); });
    for (let i = line.x.length - 1; i >= 0; i--) if (line.y.least[i] != null) pen.lineTo(px(line.x[i]), py(line.y.least[i]));
    pen.fill();
    pen.strokeStyle = line.colour; pen.lineWidth = 1.5; pen.beginPath();
    line.y.mean.forEach((value, i) => { if (value !== null) pen.lineTo(px(line.x[i]), py(value)); });
    pen.stroke(); pen.restore();
  }
}

async function words(names) {
  const cards = [];
  for (const row of rows.filter(row => row.failure)) {
    const card = element("div", undefined, { className: "card" });
    card.append(element("h3", row.name + " failed"), element("p", row.failure, { className: "bad" }));
    cards.push(card);
  }
  // A run without a tick has nothing to say yet.
  for (const name of names.filter(name => rows.some(row => row.name === name && row.tick))) {
    try {
      const said = await ask(`/api/run/${encodeURIComponent(name)}/doctor`);
      const card = element("div", undefined, { className: "card" });
      const found = said.diagnosis;
      card.append(element("h3", `The doctor on ${name}: ${String(found.diagnosis).replaceAll("_", " ")}`),
        element("p", said.meaning, { className: said.alarm ? "bad" : "soft" }));
      for (const one of found.evidence ?? []) card.append(element("p", `${one.figure.replaceAll("_", " ")} ${short(one.value)}: ${one.says}`));
      cards.push(card);
    } catch { /* The run has just disappeared. */ }
  }
  at("words").replaceChildren(...cards);
}

// The page looks once a second, and less often where looking takes long: it
// must not cost the training anything that is worth having.
const EVERY = 1000, SELDOM = 5000, SHARE = 50;
const EXAMINE = 10000;
let busy = false, examined = "", examinedAt = 0, examining = 0, lookedAt = 0, looking = 0;
async function refresh() {
  if (busy) return;
  busy = true;
  const began = lookedAt = performance.now();
  try {
    const said = await ask("/api/runs");
    rows = said.runs;
    if (document.forms.train.recipe.length === 1) for (const name of said.recipes) document.forms.train.recipe.append(new Option(name, name));
    const known = rows.filter(row => row.recipe).map(row => row.name);
    for (const name of [...shown]) if (!known.includes(name)) { shown.delete(name); runs.delete(name); }
    if (!chosen && known.length) shown = new Set([rows.find(row => row.training && row.recipe)?.name ?? known[0]]);
    const names = known.filter(name => shown.has(name));
    for (const name of names) {
      // A run may disappear between two answers.
      try {
        const known = runs.get(name);
        const said = await ask(`/api/run/${encodeURIComponent(name)}${known ? "?known=" + known.version : ""}`);
        runs.set(name, said.columns ? said : { ...known, samples: said.samples });
      } catch { runs.delete(name); }
    }
    looking = performance.now() - began;
    table(); grids(names); charts(names);
    // The doctor reads whole logs: only when there is news, and not too often.
    const news = JSON.stringify(rows.map(row => [row.name, row.failure, shown.has(row.name), row.tick?.images_seen]));
    const wait = JSON.stringify(names) === examined ? Math.max(EXAMINE, 2 * SHARE * examining) : 0;
    if (news !== at("words").dataset.news && performance.now() - examinedAt > wait) {
      at("words").dataset.news = news; examined = JSON.stringify(names); examinedAt = performance.now();
      await words(names);
      examining = performance.now() - examinedAt;
    }
    if (at("now").dataset.lost) { say(""); delete at("now").dataset.lost; }
  } catch (error) {
    say("the studio does not answer: " + error.message); at("now").dataset.lost = "yes";
  }
  busy = false;
}

document.forms.train.onsubmit = async event => {
  event.preventDefault();
  const form = new FormData(event.target), flags = {};
  for (const flag of ["images", "minutes", "resolution", "every", "seed"]) flags[flag] = form.get(flag);
  try {
    const begun = await ask("/api/train", { data: form.get("data"), recipe: form.get("recipe"), flags });
    at("trouble").textContent = ""; chosen = false; say(begun.name + " begins");
    setTimeout(() => { if (at("now").textContent === begun.name + " begins") say(""); }, 5000);
  } catch (error) { at("trouble").textContent = error.message; }
  refresh();
};
addEventListener("resize", () => charts([...shown]));
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(() => {
  const wait = Math.min(SELDOM, Math.max(EVERY, SHARE * looking));
  if (!document.hidden && performance.now() - lookedAt > wait - 20) refresh();
}, EVERY / 5);
refresh();
