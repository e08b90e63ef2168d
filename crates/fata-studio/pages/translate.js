// A canvas, and what a model makes of it while it is drawn. One request is
// under way at a time; when its answer comes, the newest drawing goes next.
const at = id => document.getElementById(id);
const canvas = at("canvas"), pen = canvas.getContext("2d", { willReadFrequently: true });
const BACK = 10;
// Pixels of the canvas: finer than small networks see, so that lines are lines.
const FINE = 512;
const sheet = document.createElement("canvas");
const STEP = 1 / 64;
// `fata serve` has this page at its root, and one model.
const alone = location.pathname === "/";
const base = () => alone ? "" : "/api/run/" + encodeURIComponent(at("run").value);
let model = null, erasing = false, photo = false, last = null, under = false, dirty = false, address = null;
let folder = "runs";
let cursor = [0.5, 0.5], down = false;
const past = [];

const say = text => { at("error").textContent = text; };

function paper() {
  pen.fillStyle = "#ffffff"; pen.fillRect(0, 0, canvas.width, canvas.height);
}

function keep() {
  past.push([pen.getImageData(0, 0, canvas.width, canvas.height), photo]);
  if (past.length > BACK) past.shift();
  at("undo").disabled = false;
}

function line(from, to) {
  pen.strokeStyle = erasing ? "#ffffff" : at("colour").value;
  pen.lineWidth = Number(at("width").value) * canvas.width / 256;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath(); pen.moveTo(...from); pen.lineTo(to[0] + 0.01, to[1]); pen.stroke();
  changed();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
}

canvas.onpointerdown = event => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  keep(); last = place(event); line(last, last);
};
canvas.onpointermove = event => {
  if (!last) return;
  for (const one of event.getCoalescedEvents?.() ?? [event]) { const to = place(one); line(last, to); last = to; }
};
canvas.onpointerup = canvas.onpointercancel = () => { last = null; };

canvas.onkeydown = event => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === " ") { event.preventDefault(); down = !down; if (down) { keep(); line(spot(), spot()); } mark(); return; }
  if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const from = spot();
  cursor = cursor.map((value, axis) => Math.min(1, Math.max(0, value + STEP * (event.shiftKey ? 4 : 1) * move[axis])));
  if (down) line(from, spot());
  mark();
};
const spot = () => [cursor[0] * canvas.width, cursor[1] * canvas.height];
const mark = () => { canvas.nextElementSibling.textContent = `Pencil ${down ? "down" : "up"} at ${Math.round(100 * cursor[0])}, ${Math.round(100 * cursor[1])} of 100`; };

async function load(file) {
  if (!file) return;
  let image;
  try { image = await createImageBitmap(file); } catch { say(`${file.name} is no picture that this browser reads`); return; }
  say(""); keep(); paper();
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  photo = true; at("drawn").hidden = !model?.drawing;
  changed();
}

at("file").onchange = () => load(at("file").files[0]);
for (const name of ["dragenter", "dragover"]) document.addEventListener(name, event => event.preventDefault());
document.addEventListener("drop", event => { event.preventDefault(); load(event.dataTransfer.files[0]); });
document.addEventListener("paste", event => load([...event.clipboardData.files][0]));

at("eraser").onclick = () => { erasing = !erasing; at("eraser").setAttribute("aria-pressed", erasing); };
at("width").oninput = () => { at("thickness").textContent = at("width").value; };
at("undo").onclick = () => {
  const before = past.pop();
  if (before) { pen.putImageData(before[0], 0, 0); photo = before[1]; at("drawn").hidden = !(photo && model?.drawing); changed(); }
  at("undo").disabled = past.length === 0;
};
at("clear").onclick = () => { keep(); paper(); photo = false; at("drawn").hidden = true; changed(); };
at("direction").onchange = at("draw").onchange = () => changed();

function changed() { dirty = true; at("took").setAttribute("aria-busy", true); translate(); }

async function translate() {
  if (under || !dirty || !model) return;
  under = true; dirty = false;
  try {
    const small = sheet.getContext("2d");
    small.imageSmoothingQuality = "high";
    small.drawImage(canvas, 0, 0, sheet.width, sheet.height);
    const blob = await new Promise(done => sheet.toBlob(done, "image/png"));
    const query = new URLSearchParams({ direction: at("direction").value });
    const draws = photo && model.drawing && at("draw").checked && at("direction").value === "ab";
    if (draws) query.set("draw", "yes");
    const began = performance.now();
    const answer = await fetch(`${base()}/translate?${query}`, { method: "POST", body: blob });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const made = await answer.blob();
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(made);
    at("picture").src = at("download").href = address;
    at("took").textContent = `The translation, made in ${Math.round(performance.now() - began)} ms`;
    say("");
  } catch (error) { say(error.message); }
  under = false;
  if (dirty) translate(); else at("took").removeAttribute("aria-busy");
}

async function open() {
  model = null;
  const answer = await fetch(alone ? "/model" : base() + "/translator");
  const said = await answer.json();
  say(answer.ok ? "" : said.error);
  if (!answer.ok) return;
  model = said;
  sheet.width = sheet.height = model.side;
  canvas.width = canvas.height = Math.max(FINE, model.side);
  // A pencil of a pixel and a half of the network's.
  at("width").value = at("thickness").textContent = Math.min(40, Math.max(2, Math.round(384 / model.side)));
  past.length = 0; at("undo").disabled = true; photo = false; at("drawn").hidden = true;
  at("ways").hidden = !model.goes_back; at("direction").value = "ab";
  at("drawing").textContent = `first draw its ${model.drawing ?? "edges"}`;
  at("model").textContent = `${model.recipe} on ${model.data}, ${model.images_seen.toLocaleString("en")} images seen, ${model.side}x${model.side} pixels`;
  at("command").textContent = `fata translate ${alone ? "" : folder + "/"}${model.name} picture.png -o translation.png`;
  paper(); changed();
}

at("run").onchange = () => { location.hash = encodeURIComponent(at("run").value); open(); };
(async () => {
  try {
    if (alone) { at("runs").hidden = true; await open(); return; }
    const said = await (await fetch("/api/runs")).json(), runs = said.runs;
    folder = said.folder;
    for (const run of runs.filter(run => run.translates && run.tick)) at("run").append(new Option(run.name, run.name));
    const wanted = decodeURIComponent(location.hash.slice(1));
    if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
    if (at("run").value) await open();
    else say("there is no run that translates yet: fata train --from A --to B");
  } catch (error) { say("the server does not answer: " + error.message); }
})();
