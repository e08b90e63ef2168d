// A picture that does not exist, and another one. Space or the right arrow for
// the next, the left arrow for the one before; the address keeps the seed.
const at = id => document.getElementById(id);
const seen = [];
let address = null;

async function show(seed) {
  const ask = new URLSearchParams();
  if (seed !== null) ask.set("seed", seed);
  if (at("class").value) ask.set("class", at("class").value);
  try {
    const answer = await fetch("/image?" + ask);
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
    history.replaceState(null, "", "#" + shown);
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

(async () => {
  at("back").disabled = true;
  const model = await (await fetch("/model")).json();
  at("model").textContent = `${model.name}: ${model.recipe} on ${model.data}, ${model.images_seen.toLocaleString("en")} images seen`;
  for (const name of model.classes) at("class").append(new Option(name, name));
  at("class").hidden = model.classes.length === 0;
  const kept = location.hash.slice(1);
  if (/^\d+$/.test(kept)) {
    const shown = await show(kept);
    if (shown !== null) seen.push(shown);
  } else next();
})();
