// A grid of seeds, and the way between two of them.
const at = id => document.getElementById(id);
const COUNT = 24;
let ends = [], pins = [], folder = "runs";

function address(more) {
  const ask = new URLSearchParams(more);
  ask.set("trunc", at("trunc").value);
  if (at("class").value) ask.set("class", at("class").value);
  return `/api/run/${encodeURIComponent(at("run").value)}/image?` + ask;
}

// A picture of a seed: pressed it is an end of the way, P pins it, and it can be
// dragged onto another.
function cell() {
  const button = document.createElement("button"), image = document.createElement("img");
  image.className = "picture"; image.draggable = false;
  button.append(image, document.createElement("span"));
  button.draggable = true;
  const seed = () => Number(button.dataset.seed);
  button.onclick = () => choose(seed());
  button.onkeydown = event => { if (event.key === "p" && !event.ctrlKey && !event.metaKey) pin(seed()); };
  button.oncontextmenu = event => { event.preventDefault(); pin(seed()); };
  button.ondragstart = event => event.dataTransfer.setData("text/plain", String(seed()));
  button.ondragover = event => event.preventDefault();
  button.ondrop = event => {
    event.preventDefault();
    const from = event.dataTransfer.getData("text/plain");
    if (/^\d+$/.test(from) && Number(from) !== seed()) { ends = [Number(from), seed()]; grid(); }
  };
  return button;
}

function fill(box, seeds) {
  while (box.children.length > seeds.length) box.lastElementChild.remove();
  while (box.children.length < seeds.length) box.append(cell());
  [...box.children].forEach((button, index) => {
    const seed = seeds[index], source = address({ seed });
    button.dataset.seed = seed;
    if (button.firstChild.getAttribute("src") !== source) button.firstChild.src = source;
    button.firstChild.alt = "seed " + seed;
    button.lastChild.textContent = seed;
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
  fill(at("seeds"), [...Array(COUNT).keys()].map(place => first + place));
  const kind = at("class").value ? ` --class ${quoted(at("class").value)}` : "";
  const seeds = [...pins, `${first}-${first + COUNT - 1}`].join(",");
  at("command").textContent = `fata sample ${quoted(folder + "/" + at("run").value)} --which last --seeds ${seeds}${kind} -o grid.png`;
  walk();
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

function choose(seed) {
  ends = ends.length === 1 && ends[0] !== seed ? [ends[0], seed] : [seed];
  grid();
}

function walk() {
  at("between").hidden = ends.length < 2;
  if (ends.length < 2) return;
  at("ends").textContent = `From seed ${ends[0]} to seed ${ends[1]}`;
  at("picture").src = at("download").href = address({ seed: ends[0], to: ends[1], at: at("at").value });
}

async function open() {
  const answer = await fetch(`/api/run/${encodeURIComponent(at("run").value)}/model`);
  const said = await answer.json();
  at("error").textContent = answer.ok ? "" : said.error;
  if (!answer.ok) { at("seeds").replaceChildren(); return; }
  at("class").replaceChildren(new Option("any", ""), ...said.classes.map(name => new Option(name, name)));
  at("classes").hidden = said.classes.length === 0;
  ends = []; pins = [];
  grid();
}

const move = by => { at("first").value = Math.max(0, Number(at("first").value) + by); grid(); };
at("before").onclick = () => move(-COUNT);
at("after").onclick = () => move(COUNT);
at("save").onclick = () => save().catch(error => { at("error").textContent = error.message; });
at("run").onchange = open;
at("at").oninput = walk;
for (const id of ["first", "class", "trunc"]) at(id).oninput = grid;
(async () => {
  const said = await (await fetch("/api/runs")).json(), runs = said.runs;
  folder = said.folder;
  for (const run of runs.filter(run => run.tick && run.pictures)) at("run").append(new Option(run.name, run.name));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
  if (at("run").value) open(); else at("error").textContent = "there is no run to explore yet";
})();
