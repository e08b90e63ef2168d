// Three boxes, a - b + c, and the search for a picture of one's own.
const SIGNS = ["", "-", "+"];
let terms = [null, null, null], search = null;
const boxes = ["a", "b", "c"].map(box), result = new Image();
result.className = "picture"; result.alt = "the result"; result.hidden = true;
const showResult = follower(result, () => { result.hidden = false; }, () => { result.hidden = true; });
const equals = document.createElement("figure");
equals.append(sign("="), result);
at("boxes").append(...boxes, equals);

function sign(text) {
  const span = document.createElement("span");
  span.className = "sign"; span.textContent = text;
  return span;
}

function box(name, index) {
  const figure = document.createElement("figure"), button = document.createElement("button"), image = document.createElement("img");
  image.className = "picture"; image.alt = ""; image.hidden = true; image.draggable = false;
  button.append(image, document.createElement("span"));
  const put = term => { terms[index] = term; sum(); };
  button.onclick = () => put(chosen);
  button.onkeydown = event => { if (event.key === "Delete" || event.key === "Backspace") put(null); };
  button.ondragover = event => event.preventDefault();
  button.ondrop = event => {
    event.preventDefault();
    const term = event.dataTransfer.getData("text/plain");
    if (NAME.test(term)) put(term);
  };
  button.id = "box-" + name;
  figure.append(sign({ "": " ", "-": "−", "+": "+" }[SIGNS[index]]), button);
  return figure;
}

// As `fata blend` reads it; a blank after a latent's name ends that.
function expression(write) {
  const words = terms.flatMap((term, index) => term === null ? [] : [SIGNS[index], write(term)]).filter(Boolean);
  return (words[0] === "+" ? words.slice(1) : words).join(" ");
}

function sum() {
  boxes.forEach((figure, index) => {
    const button = figure.querySelector("button"), [image, text] = button.children, term = terms[index];
    image.hidden = term === null;
    text.textContent = term === null ? "abc"[index] : called(term);
    button.setAttribute("aria-label", `${["", "minus ", "plus "][index]}${"abc"[index]}: ${term === null ? "empty" : called(term)}; put the chosen picture in`);
    if (term !== null && image.getAttribute("src") !== address(of(term))) image.src = address(of(term));
  });
  const text = expression(term => term);
  at("keep-sum").disabled = !text;
  at("sum-command").textContent = text ? command("blend", `${quoted(expression(term => term.startsWith("@") ? "@" + file(term) : term))} --alone`, "sum.png") : "";
  if (text) showResult(address({ sum: text })); else result.hidden = true;
}

at("clear").onclick = () => { terms = [null, null, null]; sum(); };
at("keep-sum").onclick = () => keep({ sum: expression(term => term) });

async function find(picture) {
  if (!picture || search) return;
  const ask = at("class").value ? "?" + new URLSearchParams({ class: at("class").value }) : "";
  at("search-error").textContent = "";
  at("found").hidden = true;
  try {
    search = (await (await asked(`${base()}/invert${ask}`, { method: "POST", body: picture })).json()).token;
    await wait(at("run").value);
  } catch (error) { at("search-error").textContent = error.message; }
  search = null;
  at("progress").hidden = at("stop").hidden = true;
}

async function wait(run) {
  at("progress").removeAttribute("value");
  at("progress").hidden = at("stop").hidden = false;
  for (;;) {
    const said = await (await asked("/api/found/" + search)).json();
    if (said.state === "failed") throw new Error(said.error);
    if (said.state === "found") { if (run === at("run").value) tell(said); return; }
    if (said.step > 0) at("progress").value = said.step / said.steps;
    await new Promise(done => setTimeout(done, 200));
  }
}

function tell(said) {
  const name = "@" + said.token;
  at("target").src = `/api/found/${said.token}/target`;
  at("nearest").src = address({ sum: name });
  const digits = value => value.toPrecision(2);
  at("verdict").textContent = `Pixels in [-1, 1] are off by ${digits(said.pixel_error)} on average. ${said.sentence[0].toUpperCase()}${said.sentence.slice(1)} (error ${digits(said.search_error)}; own samples up to ${digits(said.own_error)}, random draws ${digits(said.random_error)}).`;
  at("found").hidden = false;
  pins.push(name);
  select(name);
  grid();
}

at("wanted").onchange = () => { find(at("wanted").files[0]); at("wanted").value = ""; };
at("stop").onclick = () => { if (search) fetch(`/api/found/${search}/stop`, { method: "POST" }); };
at("search").ondragover = event => event.preventDefault();
at("search").ondrop = event => { event.preventDefault(); find(event.dataTransfer.files[0]); };
// A file that is let fall beside it does not take the page away.
document.addEventListener("dragover", event => event.preventDefault());
document.addEventListener("drop", event => event.preventDefault());
