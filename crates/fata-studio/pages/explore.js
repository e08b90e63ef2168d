// A grid of seeds, and the way between two of them. Pictures go by their names: a
// seed, as "7", or a latent that the server keeps, as "@token".
const at = id => document.getElementById(id);
const COUNT = 24, NAME = /^(\d+|@[0-9a-f]{32})$/;
let ends = [], pins = [], chosen = "0", folder = "runs";
const say = text => { at("error").textContent = text; };
const base = () => "/api/run/" + encodeURIComponent(at("run").value);

function address(more, what = "image") {
  const ask = new URLSearchParams(more);
  ask.set("trunc", at("trunc").value);
  if (at("class").value) ask.set("class", at("class").value);
  return `${base()}/${what}?` + ask;
}

// What an address calls a picture, and what people do.
const of = name => name.startsWith("@") ? { sum: name } : { seed: name };
const kept = [];
const called = name => {
  if (!name.startsWith("@")) return name;
  if (!kept.includes(name)) kept.push(name);
  return "latent " + (kept.indexOf(name) + 1);
};
// The file that a kept latent is downloaded to.
const file = name => `latent${kept.indexOf(name) + 1}.safetensors`;

async function asked(address, wish) {
  const answer = await fetch(address, wish);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

// Shows one address after the other; of those that come while one is under way, the
// newest only.
function follower(image, done, failed) {
  let under = false, next = null;
  return async address => {
    next = address;
    if (under || image.dataset.address === address && !image.hidden) return;
    under = true;
    while (next) {
      const wanted = next, began = performance.now();
      next = null;
      try {
        const blob = await (await asked(wanted)).blob(), before = image.src;
        image.src = URL.createObjectURL(blob);
        await image.decode();
        if (before) URL.revokeObjectURL(before);
        image.dataset.address = wanted;
        done?.(Math.round(performance.now() - began));
        say("");
      } catch (error) { say(error.message); failed?.(); }
    }
    under = false;
  };
}

// Puts what an address asks for aside, pinned.
async function keep(more) {
  try {
    const said = await (await asked(address(more, "keep"), { method: "POST" })).json();
    pins.push("@" + said.token);
    select("@" + said.token);
    grid();
  } catch (error) { say(error.message); }
}

// A picture: pressed it is chosen and an end of the way, P pins it, and it can be
// dragged onto another.
function cell() {
  const button = document.createElement("button"), image = document.createElement("img");
  image.className = "picture"; image.draggable = false;
  button.append(image, document.createElement("span"));
  button.draggable = true;
  const seed = () => button.dataset.seed;
  button.onclick = () => choose(seed());
  button.onkeydown = event => { if (event.key === "p" && !event.ctrlKey && !event.metaKey) pin(seed()); };
  button.oncontextmenu = event => { event.preventDefault(); pin(seed()); };
  button.ondragstart = event => event.dataTransfer.setData("text/plain", seed());
  button.ondragover = event => event.preventDefault();
  button.ondrop = event => {
    event.preventDefault();
    const from = event.dataTransfer.getData("text/plain");
    if (NAME.test(from) && from !== seed()) { ends = [from, seed()]; grid(); }
  };
  return button;
}

function fill(box, seeds) {
  while (box.children.length > seeds.length) box.lastElementChild.remove();
  while (box.children.length < seeds.length) box.append(cell());
  [...box.children].forEach((button, index) => {
    const seed = seeds[index], source = address(of(seed));
    button.dataset.seed = seed;
    if (button.firstChild.getAttribute("src") !== source) button.firstChild.src = source;
    button.firstChild.alt = seed.startsWith("@") ? called(seed) : "seed " + seed;
    button.lastChild.textContent = called(seed);
    button.setAttribute("aria-pressed", ends.includes(seed));
  });
}

function pin(seed) {
  pins = pins.includes(seed) ? pins.filter(one => one !== seed) : [...pins, seed];
  grid();
}

function grid() {
  const first = Math.max(0, Math.floor(Number(at("first").value) || 0));
  at("psi").textContent = at("trunc").value;
  fill(at("pins"), pins);
  fill(at("seeds"), [...Array(COUNT).keys()].map(place => String(first + place)));
  const seeds = [...pins.filter(name => !name.startsWith("@")), `${first}-${first + COUNT - 1}`].join(",");
  at("command").textContent = command("sample", `--seeds ${seeds}`, "grid.png");
  walk(); steer(); sum();
}

// A command on this run, with the truncation and the class of the page.
function command(verb, rest, out) {
  const psi = at("trunc").value === "1" ? "" : ` --trunc ${at("trunc").value}`;
  const kind = at("class").value ? ` --class ${quoted(at("class").value)}` : "";
  return `fata ${verb} ${quoted(folder + "/" + at("run").value)} --which last ${rest}${psi}${kind} -o ${out}`;
}

const quoted = text => /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// What is seen, as one PNG.
async function save() {
  const images = [...document.querySelectorAll("#pins img, #seeds img")];
  await Promise.all(images.map(image => image.decode()));
  const columns = 8, gap = 2, [width, height] = [images[0].naturalWidth, images[0].naturalHeight];
  const sheet = document.createElement("canvas"), rows = Math.ceil(images.length / columns);
  sheet.width = columns * (width + gap) - gap; sheet.height = rows * (height + gap) - gap;
  const pen = sheet.getContext("2d");
  images.forEach((image, index) => pen.drawImage(image, index % columns * (width + gap), Math.floor(index / columns) * (height + gap)));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await new Promise(done => sheet.toBlob(done, "image/png")));
  link.download = "grid.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function select(name) { chosen = name; centre(); }

function choose(seed) {
  select(seed);
  ends = ends.length === 1 && ends[0] !== seed ? [ends[0], seed] : [seed];
  grid();
}

function walk() {
  at("between").hidden = ends.length < 2;
  if (ends.length < 2) return;
  at("ends").textContent = "From " + ends.map(name => name.startsWith("@") ? called(name) : "seed " + name).join(" to ");
  at("picture").src = at("download").href = address({ ...of(ends[0]), to: ends[1], at: at("at").value });
}

async function open() {
  const answer = await fetch(base() + "/model");
  const said = await answer.json();
  at("error").textContent = answer.ok ? "" : said.error;
  for (const card of ["steer", "sum", "search"]) at(card).hidden = true;
  if (!answer.ok) { at("seeds").replaceChildren(); return; }
  forget();
  terms = [null, null, null];
  at("class").replaceChildren(new Option("any", ""), ...said.classes.map(name => new Option(name, name)));
  at("classes").hidden = said.classes.length === 0;
  ends = []; pins = []; chosen = at("first").value || "0";
  at("sum").hidden = at("search").hidden = false;
  grid();
  learn();
}

const move = by => { at("first").value = Math.max(0, Number(at("first").value) + by); grid(); };
at("before").onclick = () => move(-COUNT);
at("after").onclick = () => move(COUNT);
at("save").onclick = () => save().catch(error => { at("error").textContent = error.message; });
at("run").onchange = open;
at("at").oninput = walk;
for (const id of ["first", "class", "trunc"]) at(id).oninput = grid;
// The other scripts are there by then.
document.addEventListener("DOMContentLoaded", async () => {
  const said = await (await fetch("/api/runs")).json(), runs = said.runs;
  folder = said.folder;
  for (const run of runs.filter(run => run.tick && run.pictures)) at("run").append(new Option(run.name, run.name));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
  if (at("run").value) open(); else at("error").textContent = "there is no run to explore yet";
});
