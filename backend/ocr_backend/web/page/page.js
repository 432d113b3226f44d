// The page asks the same /predict as Label Studio, with the image as a data: URI. What comes back is only ever
// written as text, never as HTML.
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const SMALLEST_BOX = 5; // px on the screen; less is a click

let force = null; // what /ui/settings.json says
let turn = 0; // grows with each image: an answer that comes after the next image is left aside
let shown = null; // {uri, lines, size} of the image on the page

async function asked(path, body) {
  const how = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body } : {};
  let answer;
  try {
    answer = await fetch(path, how);
  } catch {
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(sentence(told.detail ?? `the server answered ${answer.status}`));
  return told;
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// ---- what is in force ----
async function learnSettings() {
  try {
    force = await asked("ui/settings.json");
  } catch (error) {
    at("version").textContent = error.message;
    setTimeout(learnSettings, 2000); // the models may still be being loaded
    return;
  }
  at("version").textContent = `${force.model_version} on ${force.engine}`;
  const models = force.models.map(({ part, name }) => ({ name: part, value: name, meaning: "The model in use" }));
  const version = { name: "model_version", value: force.model_version, meaning: "What predictions carry" };
  const engine = { name: "engine", value: force.engine, meaning: "What runs the models" };
  const rows = [version, engine, ...models, ...force.settings].map(({ name, value, meaning }) => {
    const term = Object.assign(document.createElement("dt"), { textContent: name, title: meaning });
    const said = typeof value === "number" ? value.toLocaleString("en") : String(value);
    const row = document.createElement("div");
    row.append(term, Object.assign(document.createElement("dd"), { textContent: said }));
    return row;
  });
  at("settings").replaceChildren(...rows);
}

function limit(name) {
  return force.settings.find((row) => row.name === name).value;
}

// ---- from a file to lines ----
async function readFile(file) {
  const own = ++turn;
  shown = null;
  complain("");
  showImage(file);
  showLines([]);
  await busy("Reading…", async () => {
    if (!force) throw new Error("The models are still being loaded. Try again in a moment.");
    const uri = await dataUri(file);
    const begun = performance.now();
    const items = await predicted(uri, at("shapes").value === "polygon" ? polygons(force.names) : "", null);
    if (own !== turn) return;
    const lines = linesOf(items);
    shown = { uri, lines, size: lines[0]?.size ?? imageSize() };
    showLines(lines);
    at("summary").textContent = `${counted(lines)} in ${((performance.now() - begun) / 1000).toFixed(2)} s`;
    at("tip").hidden = false;
  }, own);
}

async function readBox(box) {
  const own = turn;
  const value = { ...box, rotation: 0 };
  const { shape, image } = force.names;
  const drawn = { id: "drawn", type: "rectangle", from_name: shape, to_name: image, value };
  await busy("Reading that place…", async () => {
    const begun = performance.now();
    const items = await predicted(shown.uri, "", { result: [drawn] });
    if (own !== turn) return;
    const [line] = linesOf(items);
    const seconds = ((performance.now() - begun) / 1000).toFixed(2);
    at("state").textContent = line ? `Read in ${seconds} s` : "There is no text in that box.";
    if (line) showLines((shown.lines = [...shown.lines, { ...line, isDrawn: true }]));
  }, own);
}

async function predicted(uri, config, context) {
  const task = { id: 1, data: { [force.names.image_key]: uri } };
  const body = JSON.stringify({ tasks: [task], label_config: config, params: { context } });
  const most = limit("OCR_MAX_REQUEST_BYTES");
  // The server would close the connection while the file is still on its way, and the browser hide its answer.
  if (body.length > most) throw new Error(`The file is too large: a request may have ${most.toLocaleString("en")} bytes (OCR_MAX_REQUEST_BYTES).`);
  const answer = await asked("predict", body);
  if (answer.unread.length) throw new Error(sentence(answer.unread[0].reason));
  return answer.results[0].result;
}

async function busy(what, work, own) {
  at("state").textContent = what;
  at("sheet").classList.add("busy");
  try {
    await work();
    if (own === turn && at("state").textContent === what) at("state").textContent = "";
  } catch (error) {
    if (own !== turn) return;
    at("state").textContent = "";
    complain(error.message);
    if (!shown && at("sheet").classList.contains("unseen")) hideImage();
  } finally {
    if (own === turn) at("sheet").classList.remove("busy");
  }
}

function dataUri(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The browser cannot read that file."));
    reader.readAsDataURL(new Blob([file], { type: file.type || "application/octet-stream" }));
  });
}

// ---- showing ----
function showImage(file) {
  URL.revokeObjectURL(at("image").src);
  at("image").src = URL.createObjectURL(file);
  at("image").alt = file.name;
  at("sheet").classList.remove("unseen");
  at("sheet").hidden = false;
  at("hint").hidden = at("tip").hidden = true;
  at("summary").textContent = "";
}

function hideImage() {
  at("sheet").hidden = true;
  at("hint").hidden = false;
}

function imageSize() {
  return { width: at("image").naturalWidth || 1, height: at("image").naturalHeight || 1 };
}

function showLines(lines) {
  const { width, height } = lines[0]?.size ?? imageSize();
  at("regions").setAttribute("viewBox", `0 0 ${width} ${height}`);
  const regions = lines.map((line) => (line.region = regionOf(line)));
  const items = lines.map((line) => (line.item = itemOf(line)));
  at("regions").replaceChildren(...regions.filter((_, place) => lines[place].page === 0)); // others are not seen
  if (!items.length) items.push(Object.assign(document.createElement("li"), { className: "empty", textContent: shown ? "There is no text on it." : "Nothing has been read yet." }));
  at("lines").replaceChildren(...items);
  at("copy").disabled = !lines.length;
}

function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function regionOf(line) {
  const [begin, end, , down] = line.corners;
  const along = Math.hypot(end[0] - begin[0], end[1] - begin[1]);
  const tall = Math.hypot(down[0] - begin[0], down[1] - begin[1]) / line.text.split("\n").length;
  const angle = (Math.atan2(end[1] - begin[1], end[0] - begin[0]) * 180) / Math.PI;
  const group = svg("g", { class: line.isDrawn ? "region drawn" : "region" });
  group.append(svg("polygon", { points: line.corners.map((corner) => corner.join(",")).join(" ") }));
  line.text.split("\n").forEach((part, row) => {
    const text = svg("text", {
      transform: `translate(${begin}) rotate(${angle})`,
      y: tall * (row + 0.78),
      x: along * 0.01,
      "font-size": tall * 0.8,
      textLength: along * 0.98,
      lengthAdjust: "spacingAndGlyphs",
    });
    text.textContent = part;
    group.append(text);
  });
  group.addEventListener("pointerenter", () => light(line, true));
  group.addEventListener("pointerleave", () => light(line, false));
  return group;
}

function itemOf(line) {
  const item = document.createElement("li");
  item.tabIndex = 0;
  if (line.isDrawn) item.className = "drawn";
  const said = Object.assign(document.createElement("span"), { className: "said", textContent: line.text, dir: "auto" });
  const score = Object.assign(document.createElement("span"), { className: "score", textContent: `${(line.score * 100).toFixed(1)} %` });
  item.append(said, score);
  for (const [event, is] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]])
    item.addEventListener(event, () => light(line, is));
  return item;
}

function light({ region, item }, is) {
  for (const element of [region, item]) element.classList.toggle("lit", is);
}

function complain(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

async function copy() {
  const text = shown.lines.map((line) => line.text).join("\n");
  try {
    await navigator.clipboard.writeText(text); // only over https or on localhost
    at("state").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(at("lines"));
    at("state").textContent = "The lines are selected: copy them with Ctrl+C.";
  }
}

// ---- drawing a box ----
let begun = null;

function place(event) {
  const frame = at("regions").getBoundingClientRect();
  const part = (from, length, to) => Math.min(Math.max((to - from) / length, 0), 1) * 100;
  return [part(frame.left, frame.width, event.clientX), part(frame.top, frame.height, event.clientY)];
}

function boxTo(event) {
  const [[x1, y1], [x2, y2]] = [begun.place, place(event)];
  return { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) };
}

function rubber(box) {
  at("rubber")?.remove();
  if (!box) return;
  const { width, height } = at("regions").viewBox.baseVal;
  const scaled = { x: (box.x * width) / 100, y: (box.y * height) / 100, width: (box.width * width) / 100, height: (box.height * height) / 100 };
  at("regions").append(svg("rect", { id: "rubber", ...scaled }));
}

at("sheet").addEventListener("pointerdown", (event) => {
  if (!shown || event.button) return;
  event.preventDefault();
  begun = { place: place(event), x: event.clientX, y: event.clientY };
  at("sheet").setPointerCapture(event.pointerId);
});
at("sheet").addEventListener("pointermove", (event) => begun && rubber(boxTo(event)));
at("sheet").addEventListener("pointerup", (event) => {
  if (!begun) return;
  const isBox = Math.min(Math.abs(event.clientX - begun.x), Math.abs(event.clientY - begun.y)) >= SMALLEST_BOX;
  const box = boxTo(event);
  begun = null;
  rubber(null);
  complain("");
  if (isBox && shown) readBox(box);
});

// ---- ways for an image to come ----
let last = null;

function take(file) {
  if (file) readFile((last = file));
}

at("file").addEventListener("change", (event) => take(event.target.files[0]));
at("shapes").addEventListener("change", () => take(last));
at("copy").addEventListener("click", copy);
at("over").addEventListener("change", () => at("sheet").classList.toggle("text-over", at("over").checked));
at("image").addEventListener("error", () => {
  at("sheet").classList.add("unseen"); // a TIFF or a PDF, whose lines are shown on white; or no image
  if (!at("problem").hidden) hideImage();
});
at("image").addEventListener("load", () => shown || showLines([]));
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || at("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  take(event.dataTransfer.files[0]);
});
at("sheet").classList.toggle("text-over", at("over").checked);
learnSettings();
