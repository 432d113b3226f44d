// What is sent and what comes back, without the page: labelling configurations, lines and their corners.

// The configuration that asks for polygons instead of rectangles, under the same names.
function polygons({ image_key: key, image, shape, labels, text, label }) {
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

// ---- lines: {text, score, page from 0, size and corners in px, clockwise from where the text begins} ----
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
  const [along, down] = [(value.width * width) / 100, (value.height * height) / 100];
  const turned = (value.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turned), Math.sin(turned)];
  return [
    [x, y],
    [x + along * cos, y + along * sin],
    [x + along * cos - down * sin, y + along * sin + down * cos],
    [x - down * sin, y + down * cos],
  ];
}

function counted(lines) {
  const pages = Math.max(0, ...lines.map((line) => line.page)) + 1;
  const said = lines.length === 1 ? "1 line" : `${lines.length || "No"} lines`;
  return pages === 1 ? said : `${said} on ${pages} pages; boxes are those of the first`;
}
