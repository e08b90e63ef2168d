// The chosen picture, moved along directions: sliders, and a map of two of them.
const FAR = 3, LINE = 5;
let directions = [], amounts = [], grounded = "", later = 0;
const showMoved = follower(at("moved"), took => { at("moved-took").textContent = `Made in ${took} ms`; });

// What an address says of the sliders that are not in the middle.
const along = values => {
  const moved = values.map((amount, index) => [index, amount]).filter(([, amount]) => amount !== 0);
  return moved.length ? { directions: moved.map(([index, amount]) => `${index}:${amount}`).join(",") } : {};
};

async function learn() {
  const run = at("run").value;
  try {
    const said = await (await asked(base() + "/directions")).json();
    if (run !== at("run").value) return;
    directions = said.directions;
    at("sliders").replaceChildren(...directions.map(slider));
    for (const [axis, index] of [["across", 0], ["up", 1]]) {
      at(axis).replaceChildren(...directions.map((one, number) => new Option(one.name, number)));
      at(axis).value = Math.min(index, directions.length - 1);
    }
    at("map").parentElement.hidden = directions.length < 2;
    centre();
    steer();
  } catch (error) { say(error.message); }
}

// Of another run nothing is known yet.
function forget() { directions = []; amounts = []; grounded = ""; }

function slider(one, index) {
  const label = document.createElement("label"), output = document.createElement("output"), input = document.createElement("input");
  Object.assign(input, { type: "range", min: -FAR, max: FAR, step: 0.1, value: 0 });
  input.oninput = () => { amounts[index] = Number(input.value); steer(); };
  label.append(one.name + " ", output, input);
  return label;
}

function centre() { amounts = directions.map(() => 0); }

function steer() {
  at("steer").hidden = directions.length === 0;
  if (directions.length === 0) return;
  at("whose").textContent = (chosen.startsWith("@") ? called(chosen) : "Seed " + chosen) + ", moved along directions";
  [...at("sliders").children].forEach((label, index) => {
    label.lastChild.value = amounts[index];
    label.querySelector("output").textContent = amounts[index].toFixed(1);
  });
  const wish = { ...of(chosen), ...along(amounts) };
  showMoved(at("moved-download").href = address(wish));
  at("latent").href = address(wish, "latent");
  at("latent").download = latentFile();
  at("steer-command").textContent = commands();
  const [x, y] = axes().map(axis => amounts[axis]);
  at("dot").style.left = `${50 + 50 * x / FAR}%`;
  at("dot").style.top = `${50 - 50 * y / FAR}%`;
  at("spot").textContent = `${x.toFixed(1)} across, ${y.toFixed(1)} up`;
  clearTimeout(later);
  later = setTimeout(ground, 250);
}

// One direction is a walk; any place is a latent in a file.
function commands() {
  const moved = amounts.map((amount, index) => [index, amount]).filter(([, amount]) => amount !== 0);
  if (moved.length === 0 && !chosen.startsWith("@")) return command("sample", `--seeds ${chosen}`, "moved.png");
  const run = quoted(folder + "/" + at("run").value);
  const lines = ["# of “Its latent”", `fata blend ${run} --which last @${latentFile()} --alone -o moved.png`];
  if (moved.length === 1 && !chosen.startsWith("@")) {
    const [index, amount] = moved[0];
    const by = directions[index].name.replace(/\d+$/, "").replace("component", "components");
    lines.push("# the way there and back",
      `fata directions ${run} --which last --by ${by} --count ${directions.length} -o directions.safetensors`,
      command("walk", `--seeds ${chosen} --direction directions.safetensors:${directions[index].name} --strength ${Math.abs(amount)}`, "walk.gif"));
  }
  return lines.join("\n");
}

const latentFile = () => chosen.startsWith("@") && amounts.every(amount => amount === 0) ? file(chosen) : "latent.safetensors";
const axes = () => [at("across"), at("up")].map(choice => Number(choice.value));

// The pictures under the map: the axes at five places each, the other sliders as they are.
function ground() {
  if (directions.length < 2) return;
  const [across, up] = axes();
  const others = amounts.map((amount, index) => index === across || index === up ? 0 : amount);
  const about = address({ ...of(chosen), ...along(others) }) + [across, up];
  if (about === grounded) return;
  grounded = about;
  const step = 2 * FAR / LINE;
  at("ground").replaceChildren(...[...Array(LINE * LINE).keys()].map(place => {
    const image = new Image(), values = [...others];
    values[across] = tenth(-FAR + step * (place % LINE + 0.5));
    if (up !== across) values[up] = tenth(FAR - step * (Math.floor(place / LINE) + 0.5));
    image.src = address({ ...of(chosen), ...along(values) });
    image.alt = ""; image.draggable = false;
    return image;
  }));
}

const tenth = value => Math.round(10 * Math.min(FAR, Math.max(-FAR, value))) / 10;

function goTo(x, y) {
  const [across, up] = axes();
  amounts[across] = tenth(x);
  if (up !== across) amounts[up] = tenth(y);
  steer();
}

const map = at("map");
function follow(event) {
  const box = map.getBoundingClientRect();
  goTo(FAR * (2 * (event.clientX - box.left) / box.width - 1), FAR * (1 - 2 * (event.clientY - box.top) / box.height));
}
map.onpointerdown = event => { if (event.button === 0) { map.setPointerCapture(event.pointerId); follow(event); } };
map.onpointermove = event => { if (map.hasPointerCapture(event.pointerId)) follow(event); };
map.onkeydown = event => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const [across, up] = axes(), step = event.shiftKey ? 0.5 : 0.1;
  goTo(amounts[across] + step * move[0], amounts[up] + step * move[1]);
};

at("across").onchange = at("up").onchange = () => { grounded = ""; steer(); };
at("middle").onclick = () => { centre(); steer(); };
at("keep").onclick = () => keep({ ...of(chosen), ...along(amounts) });
