// The page sends the image as a data: URI to /predict, as Label Studio does. Responses are inserted as text, never
// as HTML.
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const SMALLEST_BOX = 5; // px on the screen; less is a click

let active = null; // the response of /ui/settings.json
let currentImageNumber = 0; // the number of the current image; responses for earlier images are ignored
let result = null; // {uri, lines, size} of the current image, once it was read

async function fetchJson(path, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body } : {};
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("Cannot reach the server. Is it still running?");
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(sentence(content.detail ?? `the server answered ${response.status}`));
  return content;
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// ---- active settings ----
async function loadSettings() {
  try {
    active = await fetchJson("ui/settings.json");
  } catch (error) {
    byId("version").textContent = error.message;
    setTimeout(loadSettings, 2000); // the models may still be loading
    return;
  }
  byId("version").textContent = `${active.model_version} on ${active.engine}`;
  const models = active.models.map(({ role, name }) => ({ name: role, value: name, meaning: "The model in use" }));
  const version = { name: "model_version", value: active.model_version, meaning: "The model version of predictions" };
  const engine = { name: "engine", value: active.engine, meaning: "The engine that runs the models" };
  const rows = [version, engine, ...models, ...active.settings].map(({ name, value, meaning }) => {
    const term = Object.assign(document.createElement("dt"), { textContent: name, title: meaning });
    const shownValue = typeof value === "number" ? value.toLocaleString("en") : String(value);
    const row = document.createElement("div");
    row.append(term, Object.assign(document.createElement("dd"), { textContent: shownValue }));
    return row;
  });
  byId("settings").replaceChildren(...rows);
}

function limit(name) {
  return active.settings.find((row) => row.name === name).value;
}

// ---- from a file to lines ----
async function readFile(file) {
  const imageNumber = ++currentImageNumber;
  result = null;
  showProblem("");
  showImage(file);
  showLines([]);
  await busy("Reading…", async () => {
    if (!active) throw new Error("The models are still loading. Try again in a moment.");
    const uri = await dataUri(file);
    const started = performance.now();
    const items = await predict(uri, byId("shapes").value === "polygon" ? polygonConfig(active.names) : "", null);
    if (imageNumber !== currentImageNumber) return;
    const lines = linesOf(items);
    result = { uri, lines, size: lines[0]?.size ?? imageSize() };
    showLines(lines);
    byId("summary").textContent = `${lineCount(lines)} in ${((performance.now() - started) / 1000).toFixed(2)} s`;
    byId("tip").hidden = false;
  }, imageNumber);
}

async function readBox(box) {
  const imageNumber = currentImageNumber;
  const value = { ...box, rotation: 0 };
  const { shape, image } = active.names;
  const drawn = { id: "drawn", type: "rectangle", from_name: shape, to_name: image, value };
  await busy("Reading the box…", async () => {
    const started = performance.now();
    const items = await predict(result.uri, "", { result: [drawn] });
    if (imageNumber !== currentImageNumber) return;
    const [line] = linesOf(items);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    byId("state").textContent = line ? `Read in ${seconds} s` : "No text found in the box.";
    if (line) showLines((result.lines = [...result.lines, { ...line, isDrawn: true }]));
  }, imageNumber);
}

async function predict(uri, config, context) {
  const task = { id: 1, data: { [active.names.image_key]: uri } };
  const body = JSON.stringify({ tasks: [task], label_config: config, params: { context } });
  const maxBytes = limit("OCR_MAX_REQUEST_BYTES");
  // The server would close the connection during the upload, and the browser would hide its response.
  if (body.length > maxBytes) throw new Error(`The file is too large: a request may have at most ${maxBytes.toLocaleString("en")} bytes (OCR_MAX_REQUEST_BYTES).`);
  const response = await fetchJson("predict", body);
  if (response.unread.length) throw new Error(sentence(response.unread[0].reason));
  return response.results[0].result;
}

async function busy(status, work, imageNumber) {
  byId("state").textContent = status;
  byId("sheet").classList.add("busy");
  try {
    await work();
    if (imageNumber === currentImageNumber && byId("state").textContent === status) byId("state").textContent = "";
  } catch (error) {
    if (imageNumber !== currentImageNumber) return;
    byId("state").textContent = "";
    showProblem(error.message);
    if (!result && byId("sheet").classList.contains("unseen")) hideImage();
  } finally {
    if (imageNumber === currentImageNumber) byId("sheet").classList.remove("busy");
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
  URL.revokeObjectURL(byId("image").src);
  byId("image").src = URL.createObjectURL(file);
  byId("image").alt = file.name;
  byId("sheet").classList.remove("unseen");
  byId("sheet").hidden = false;
  byId("hint").hidden = byId("tip").hidden = true;
  byId("summary").textContent = "";
}

function hideImage() {
  byId("sheet").hidden = true;
  byId("hint").hidden = false;
}

function imageSize() {
  return { width: byId("image").naturalWidth || 1, height: byId("image").naturalHeight || 1 };
}

function showLines(lines) {
  const { width, height } = lines[0]?.size ?? imageSize();
  byId("regions").setAttribute("viewBox", `0 0 ${width} ${height}`);
  const regions = lines.map((line) => (line.region = regionOf(line)));
  const items = lines.map((line) => (line.item = itemOf(line)));
  byId("regions").replaceChildren(...regions.filter((_, index) => lines[index].page === 0)); // only the first page is visible
  if (!items.length) items.push(Object.assign(document.createElement("li"), { className: "empty", textContent: result ? "No text found." : "No image has been read yet." }));
  byId("lines").replaceChildren(...items);
  byId("copy").disabled = !lines.length;
}

function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function regionOf(line) {
  const [start, end, , below] = line.corners;
  const width = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const height = Math.hypot(below[0] - start[0], below[1] - start[1]) / line.text.split("\n").length;
  const angle = (Math.atan2(end[1] - start[1], end[0] - start[0]) * 180) / Math.PI;
  const group = svg("g", { class: line.isDrawn ? "region drawn" : "region" });
  group.append(svg("polygon", { points: line.corners.map((corner) => corner.join(",")).join(" ") }));
  line.text.split("\n").forEach((part, row) => {
    const text = svg("text", {
      transform: `translate(${start}) rotate(${angle})`,
      y: height * (row + 0.78),
      x: width * 0.01,
      "font-size": height * 0.8,
      textLength: width * 0.98,
      lengthAdjust: "spacingAndGlyphs",
    });
    text.textContent = part;
    group.append(text);
  });
  group.addEventListener("pointerenter", () => highlight(line, true));
  group.addEventListener("pointerleave", () => highlight(line, false));
  return group;
}

function itemOf(line) {
  const item = document.createElement("li");
  item.tabIndex = 0;
  if (line.isDrawn) item.className = "drawn";
  const text = Object.assign(document.createElement("span"), { className: "text", textContent: line.text, dir: "auto" });
  const score = Object.assign(document.createElement("span"), { className: "score", textContent: `${(line.score * 100).toFixed(1)} %` });
  item.append(text, score);
  for (const [event, isOn] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]])
    item.addEventListener(event, () => highlight(line, isOn));
  return item;
}

function highlight({ region, item }, isOn) {
  for (const element of [region, item]) element.classList.toggle("lit", isOn);
}

function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

async function copy() {
  const text = result.lines.map((line) => line.text).join("\n");
  try {
    await navigator.clipboard.writeText(text); // only over https or on localhost
    byId("state").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(byId("lines"));
    byId("state").textContent = "The lines are selected. Press Ctrl+C to copy them.";
  }
}

// ---- drawing a box ----
let dragStart = null;

function position(event) {
  const frame = byId("regions").getBoundingClientRect();
  const percent = (start, length, point) => Math.min(Math.max((point - start) / length, 0), 1) * 100;
  return [percent(frame.left, frame.width, event.clientX), percent(frame.top, frame.height, event.clientY)];
}

function boxTo(event) {
  const [[x1, y1], [x2, y2]] = [dragStart.position, position(event)];
  return { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) };
}

function showDragBox(box) {
  byId("drag-box")?.remove();
  if (!box) return;
  const { width, height } = byId("regions").viewBox.baseVal;
  const scaled = { x: (box.x * width) / 100, y: (box.y * height) / 100, width: (box.width * width) / 100, height: (box.height * height) / 100 };
  byId("regions").append(svg("rect", { id: "drag-box", ...scaled }));
}

byId("sheet").addEventListener("pointerdown", (event) => {
  if (!result || event.button) return;
  event.preventDefault();
  dragStart = { position: position(event), x: event.clientX, y: event.clientY };
  byId("sheet").setPointerCapture(event.pointerId);
});
byId("sheet").addEventListener("pointermove", (event) => dragStart && showDragBox(boxTo(event)));
byId("sheet").addEventListener("pointerup", (event) => {
  if (!dragStart) return;
  const isBox = Math.min(Math.abs(event.clientX - dragStart.x), Math.abs(event.clientY - dragStart.y)) >= SMALLEST_BOX;
  const box = boxTo(event);
  dragStart = null;
  showDragBox(null);
  showProblem("");
  if (isBox && result) readBox(box);
});

// ---- choosing an image ----
let lastFile = null;

function readNewFile(file) {
  if (file) readFile((lastFile = file));
}

byId("file").addEventListener("change", (event) => readNewFile(event.target.files[0]));
byId("shapes").addEventListener("change", () => readNewFile(lastFile));
byId("copy").addEventListener("click", copy);
byId("over").addEventListener("change", () => byId("sheet").classList.toggle("text-over", byId("over").checked));
byId("image").addEventListener("error", () => {
  byId("sheet").classList.add("unseen"); // a TIFF or PDF, whose lines are shown on white; or not an image
  if (!byId("problem").hidden) hideImage();
});
byId("image").addEventListener("load", () => result || showLines([]));
document.addEventListener("paste", (event) => readNewFile(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || byId("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  readNewFile(event.dataTransfer.files[0]);
});
byId("sheet").classList.toggle("text-over", byId("over").checked);
loadSettings();
