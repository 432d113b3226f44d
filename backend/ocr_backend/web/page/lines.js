// The content of requests and responses, without the page: label configs, lines and their corners.

// A label config with polygons instead of rectangles, and the same names.
function polygonConfig({ image_key: key, image, shape, labels, text, label }) {
  const tag = (name, attributes, inner = []) => {
    const element = document.implementation.createDocument("", name).documentElement;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inner);
    return element;
  };
  const view = tag("View", {}, [
    tag("Image", { name: image, value: `$${key}` }),
    tag("Labels", { name: labels, toName: image }, [tag("Label", { value: label })]),
    tag("Polygon", { name: shape, toName: image }),
    tag("TextArea", { name: text, toName: image, perRegion: "true" }),
  ]);
  return new XMLSerializer().serializeToString(view);
}

// ---- lines: {text, score, page from 0, size and corners in px, clockwise, the text begins at the first} ----
function linesOf(items) {
  const texts = items.filter((item) => item.type === "textarea");
  return texts.map((item) => {
    const size = { width: item.original_width, height: item.original_height };
    const [text, page] = [item.value.text.join("\n"), item.item_index ?? 0];
    return { text, score: item.score, page, size, corners: cornersOf(item.value, size) };
  });
}

function cornersOf(value, { width, height }) {
  if (value.points) return value.points.map(([x, y]) => [(x * width) / 100, (y * height) / 100]);
  const [x, y] = [(value.x * width) / 100, (value.y * height) / 100];
  const [right, down] = [(value.width * width) / 100, (value.height * height) / 100];
  const angle = (value.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [x, y],
    [x + right * cos, y + right * sin],
    [x + right * cos - down * sin, y + right * sin + down * cos],
    [x - down * sin, y + down * cos],
  ];
}

function lineCount(lines) {
  const pages = Math.max(0, ...lines.map((line) => line.page)) + 1;
  const count = lines.length === 1 ? "1 line" : `${lines.length || "No"} lines`;
  return pages === 1 ? count : `${count} on ${pages} pages; only the boxes of the first page are shown`;
}
