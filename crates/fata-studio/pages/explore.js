// A grid of seeds, and the way between two of them.
const at = id => document.getElementById(id);
const COUNT = 24;
let ends = [];

function address(more) {
  const ask = new URLSearchParams(more);
  ask.set("trunc", at("trunc").value);
  if (at("class").value) ask.set("class", at("class").value);
  return `/api/run/${encodeURIComponent(at("run").value)}/image?` + ask;
}

function grid() {
  const first = Math.max(0, Math.floor(Number(at("first").value) || 0));
  at("psi").textContent = at("trunc").value;
  while (at("seeds").children.length < COUNT) {
    const button = document.createElement("button"), image = document.createElement("img");
    image.className = "picture"; button.append(image, document.createElement("span"));
    button.onclick = () => choose(Number(button.dataset.seed));
    at("seeds").append(button);
  }
  [...at("seeds").children].forEach((button, index) => {
    const seed = first + index;
    button.dataset.seed = seed;
    button.firstChild.src = address({ seed });
    button.firstChild.alt = "seed " + seed;
    button.lastChild.textContent = seed;
    button.setAttribute("aria-pressed", ends.includes(seed));
  });
  const kind = at("class").value ? ` --class ${at("class").value}` : "";
  at("command").textContent = `fata sample ${at("run").value} --which last --seeds ${first}-${first + COUNT - 1}${kind} -o grid.png`;
  walk();
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
  ends = [];
  grid();
}

const move = by => { at("first").value = Math.max(0, Number(at("first").value) + by); grid(); };
at("before").onclick = () => move(-COUNT);
at("after").onclick = () => move(COUNT);
at("run").onchange = open;
at("at").oninput = walk;
for (const id of ["first", "class", "trunc"]) at(id).oninput = grid;
(async () => {
  const { runs } = await (await fetch("/api/runs")).json();
  for (const run of runs.filter(run => run.tick && run.pictures)) at("run").append(new Option(run.name, run.name));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
  if (at("run").value) open(); else at("error").textContent = "there is no run to explore yet";
})();
