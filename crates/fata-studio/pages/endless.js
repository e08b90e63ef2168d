// A picture that does not exist, and another one. Space or the right arrow for
// the next, the left arrow for the one before; the address keeps the seed.
const at = id => document.getElementById(id);
// `fata serve` has this page at its root, and one model.
const alone = location.pathname === "/";
const base = () => alone ? "" : "/api/run/" + encodeURIComponent(at("run").value);
let seen = [];
let address = null;

async function show(seed) {
  const ask = new URLSearchParams();
  if (seed !== null) ask.set("seed", seed);
  if (at("class").value) ask.set("class", at("class").value);
  try {
    const answer = await fetch(base() + "/image?" + ask);
    if (!answer.ok) throw new Error((await answer.json()).error);
    const shown = answer.headers.get("x-fata-seed");
    const picture = await answer.blob();
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(picture);
    at("picture").src = at("download").href = address;
    at("picture").alt = "the generated picture of seed " + shown;
    at("download").download = "seed" + shown.padStart(6, "0") + ".png";
    at("seed").textContent = shown;
    at("error").textContent = "";
    history.replaceState(null, "", "#" + (alone ? "" : encodeURIComponent(at("run").value) + "/") + shown);
    return shown;
  } catch (error) {
    at("error").textContent = error.message;
    return null;
  }
}

async function next() {
  const shown = await show(null);
  if (shown !== null) seen.push(shown);
  at("back").disabled = seen.length < 2;
}

async function back() {
  if (seen.length < 2) return;
  seen.pop();
  await show(seen[seen.length - 1]);
  at("back").disabled = seen.length < 2;
}

at("next").onclick = next;
at("back").onclick = back;
at("class").onchange = () => show(seen[seen.length - 1] ?? null);
document.addEventListener("keydown", event => {
  if (["BUTTON", "SELECT", "A"].includes(event.target.tagName) && event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
  if (event.target.tagName === "SELECT") return;
  if (event.key === " " || event.key === "ArrowRight") { event.preventDefault(); next(); }
  if (event.key === "ArrowLeft") back();
});

async function open(kept) {
  seen = [];
  at("back").disabled = true;
  const answer = await fetch(base() + "/model");
  const model = await answer.json();
  at("error").textContent = answer.ok ? "" : model.error;
  if (!answer.ok) return;
  at("model").textContent = `${model.name}: ${model.recipe} on ${model.data}, ${model.images_seen.toLocaleString("en")} images seen`;
  at("class").replaceChildren(new Option("any class", ""), ...model.classes.map(name => new Option(name, name)));
  at("class").hidden = model.classes.length === 0;
  if (!/^\d+$/.test(kept)) { await next(); return; }
  const shown = await show(kept);
  if (shown !== null) seen.push(shown);
}

at("run").onchange = () => open("");
(async () => {
  const parts = location.hash.slice(1).split("/");
  try {
    if (alone) { await open(parts[0]); return; }
    const { runs } = await (await fetch("/api/runs")).json();
    for (const run of runs.filter(run => run.tick && run.pictures)) at("run").append(new Option(run.name, run.name));
    const wanted = decodeURIComponent(parts[0]);
    if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
    at("runs").hidden = false;
    if (at("run").value) await open(parts[1] ?? "");
    else at("error").textContent = "there is no run to look at yet";
  } catch (error) { at("error").textContent = "the server does not answer: " + error.message; }
})();
