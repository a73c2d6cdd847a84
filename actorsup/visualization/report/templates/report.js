"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const byId = (id) => document.getElementById(id);
const data = read("data");
const CHART_OPTIONS = { responsive: true, displayModeBar: false, showTips: false };
const isDark = matchMedia("(prefers-color-scheme: dark)");
const isNarrow = matchMedia("(max-width: 600px)");
const isTouched = matchMedia("(pointer: coarse)");

/** An element with text, never with markup: names come from files. */
function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** A figure in the colours and the width of the page. */
function styled({ data, layout }) {
  const figure = structuredClone({ data, layout });
  const lines = { gridcolor: color("line"), zerolinecolor: color("line") };
  Object.assign(figure.layout.xaxis, lines);
  Object.assign(figure.layout.yaxis, lines);
  Object.assign(figure.layout, { paper_bgcolor: color("card"), plot_bgcolor: color("card"), font: { color: color("ink") } });
  figure.layout.dragmode = isTouched.matches ? false : "zoom"; // a finger scrolls the page
  if (isNarrow.matches) Object.assign(figure.layout.legend, { orientation: "v", x: 0, xanchor: "left" });
  for (const trace of figure.data) {
    if (trace.type === "heatmap") {
      trace.colorscale = [[0, color("card")], [1, color("most")]];
      trace.textfont = { color: color("ink") };
    }
    for (const paint of [trace.line, trace.marker]) {
      if (paint?.color === "#000000") paint.color = color("ink");
    }
  }
  return figure;
}

/** One at a time, so that the page answers in between. */
async function drawCharts() {
  const figures = read("figures");
  for (const place of document.querySelectorAll(".chart")) {
    const { data, layout } = styled(figures[Number(place.dataset.figure)]);
    await Plotly.react(place, data, layout, CHART_OPTIONS);
    await new Promise((done) => setTimeout(done));
  }
}

function showCharts() {
  drawCharts();
  for (const query of [isDark, isNarrow]) query.addEventListener("change", drawCharts);
  for (const button of document.querySelectorAll(".save")) {
    const place = button.closest("figure").querySelector(".chart");
    const filename = place.ariaLabel.replaceAll(/[^\w.@]+/g, "_");
    button.addEventListener("click", () => Plotly.downloadImage(place, { format: "png", scale: 2, filename }));
  }
}

const filters = () => ({
  class: byId("class").value,
  error: byId("error").value,
  tubes: Number(byId("tubes").value),
  truth: byId("true").checked,
});

const passes = (video, chosen) =>
  (!chosen.class || video.classes.includes(chosen.class)) &&
  (!chosen.error || video.errors.some((of) => of.includes(chosen.error)));

/** One video: a canvas a run, drawn from the same images and moved by the same controls; only while it is near. */
class Clip {
  constructor(clip, video, index) {
    this.clip = clip;
    this.video = video;
    this.frame = Math.floor(clip.images.length / 2);
    this.timer = null;
    this.isNear = false;
    this.images = new Map();
    this.place = element("article", "", "clip");
    this.place.id = `clip-${index}`;
    this.place.append(element("h3", `${video.video} (${video.shows.join(", ")})`));
    const players = element("div", "", "players");
    this.canvases = data.runs.map((name, run) => {
      const player = element("div");
      const canvas = element("canvas");
      canvas.style.aspectRatio = `${clip.width} / ${clip.height}`;
      canvas.role = "img";
      canvas.ariaLabel = `${video.video} with the tubes of ${name}`;
      canvas.addEventListener("click", () => this.toggle());
      player.append(canvas, this.about(name, run));
      players.append(player);
      return canvas;
    });
    const controls = element("div", "", "controls");
    this.button = element("button");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.toggle());
    this.slider = element("input");
    this.slider.type = "range";
    this.slider.max = clip.images.length - 1;
    this.slider.value = this.frame;
    this.slider.ariaLabel = `frame of ${video.video}`;
    this.slider.addEventListener("input", () => {
      this.pause();
      this.show(Number(this.slider.value));
    });
    this.counter = element("span");
    controls.append(this.button, this.slider, this.counter);
    this.place.append(players, controls);
    this.pause();
    new ResizeObserver(() => this.show(this.frame)).observe(this.canvases[0]);
    new IntersectionObserver(([entry]) => this.comeOrGo(entry.isIntersecting), { rootMargin: "300px" }).observe(this.place);
  }

  /** What is out of sight holds no pictures. */
  comeOrGo(isNear) {
    this.isNear = isNear;
    if (isNear) {
      this.show(this.frame);
      return;
    }
    this.pause();
    this.images.clear();
    for (const canvas of this.canvases) canvas.width = canvas.height = 0;
  }

  about(name, run) {
    const given = this.video.given[run];
    const line = element("p", data.runs.length > 1 ? `${name}: ` : "", "about");
    if (given !== null) line.append(element("b", given, this.video.shows.includes(given) ? "right" : "wrong"));
    const overlap = this.video.overlap[run];
    if (overlap !== null) line.append(`, overlap ${overlap.toFixed(2)}`);
    const errors = this.video.errors[run];
    if (errors.length) line.append(element("br"), errors.join(", ").replaceAll("_", " "));
    return line;
  }

  toggle() {
    if (this.timer === null) this.play();
    else this.pause();
  }

  play() {
    this.label("❚❚", "pause");
    const step = () => this.show((this.frame + 1) % this.clip.images.length);
    this.timer = setInterval(step, 1000 / Math.max(1, this.clip.rate));
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.label("▶", "play");
  }

  label(sign, action) {
    this.button.textContent = sign;
    this.button.title = action;
    this.button.ariaLabel = `${action} ${this.video.video}`;
  }

  async show(frame) {
    this.frame = frame;
    this.slider.value = frame;
    this.counter.textContent = `frame ${this.clip.indices[frame]}`;
    if (!this.isNear) return;
    if (!this.images.has(frame)) {
      const image = new Image();
      image.src = this.clip.images[frame];
      this.images.set(frame, image);
    }
    const image = this.images.get(frame);
    await image.decode();
    if (frame === this.frame && this.isNear) this.canvases.forEach((canvas, run) => this.draw(canvas, image, run));
  }

  draw(canvas, image, run) {
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const scale = canvas.width / this.clip.width;
    const chosen = filters();
    const fits = (tube) => !chosen.class || tube.class === chosen.class;
    const found = this.clip.found[run].filter(fits).slice(0, chosen.tubes);
    const taken = [];
    found.reverse().forEach((tube) => {
      const caption = `${tube.class} ${tube.score.toFixed(2)}`;
      outline(pen, tube.boxes[this.frame], scale, density, data.colors[tube.class], caption, false, taken);
    });
    if (!chosen.truth) return;
    this.clip.truth.forEach((tube, index) => {
      if (!fits(tube)) return;
      const outcome = this.clip.outcomes[run][index];
      const caption = tube.class + (outcome ? `: ${outcome.replaceAll("_", " ")}` : "");
      outline(pen, tube.boxes[this.frame], scale, density, "#ffffff", caption, true, taken);
    });
  }
}

/** A box in its colour; the caption stands above it, that of a true tube below, or where none of `taken` is. */
function outline(pen, box, scale, density, color, caption, isTrue, taken) {
  if (box === null) return;
  const [left, top, right, bottom] = box.map((value) => value * scale);
  pen.lineWidth = 2 * density;
  pen.strokeStyle = color;
  pen.setLineDash(isTrue ? [6 * density, 4 * density] : []);
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.setLineDash([]);
  const size = 11 * density;
  pen.font = `${size}px sans-serif`;
  const width = pen.measureText(caption).width + 6 * density;
  const x = Math.max(0, Math.min(left, pen.canvas.width - width));
  const above = Math.max(0, top - size - 4 * density);
  const below = Math.min(pen.canvas.height - size - 4 * density, bottom);
  const height = size + 4 * density;
  const isTaken = (y) => taken.some((other) => x < other.right && other.x < x + width && Math.abs(y - other.y) < height);
  const rows = Array.from({ length: 12 }, (_, row) => (isTrue ? below - row * height : above + row * height));
  const y = rows.find((row) => row >= 0 && row + height <= pen.canvas.height && !isTaken(row)) ?? rows[0];
  taken.push({ x, y, right: x + width });
  pen.fillStyle = isTrue ? "rgba(0, 0, 0, 0.65)" : color;
  pen.fillRect(x, y, width, height);
  pen.fillStyle = isTrue ? "#ffffff" : "#000000";
  pen.fillText(caption, x + 3 * density, y + size);
}

function listRow(video, index) {
  const row = element("tr");
  row.id = `video-${index}`;
  row.append(element("td", video.video), element("td", video.shows.join(", ")));
  data.runs.forEach((_, run) => {
    const given = video.given[run];
    const overlap = video.overlap[run];
    row.append(
      element("td", given ?? "–", video.shows.includes(given) ? "right" : "wrong"),
      element("td", overlap === null ? "–" : overlap.toFixed(2)),
      element("td", video.errors[run].join(", ").replaceAll("_", " ")),
    );
  });
  return row;
}

function showVideos() {
  byId("gallery").classList.toggle("several", data.runs.length > 1);
  const playing = data.videos.filter((video) => video.clip !== null);
  const clips = data.clips.map((clip, index) => new Clip(clip, playing.find((video) => video.clip === index), index));
  byId("gallery").append(...clips.map((clip) => clip.place));
  const rows = data.videos.map((video, index) => [video, listRow(video, index)]);
  byId("list").append(...rows.map(([, row]) => row));
  const update = () => {
    const chosen = filters();
    byId("num-tubes").textContent = chosen.tubes;
    for (const clip of clips) {
      clip.place.hidden = !passes(clip.video, chosen);
      if (clip.place.hidden) clip.pause();
      else clip.show(clip.frame);
    }
    for (const [video, row] of rows) row.hidden = !passes(video, chosen);
    const count = rows.filter(([, row]) => !row.hidden).length;
    const shown = clips.filter((clip) => !clip.place.hidden).length;
    byId("count").textContent = `${count} of ${rows.length} videos, ${shown} of them play`;
  };
  byId("filters").addEventListener("input", update);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  update();
  for (const link of document.querySelectorAll(".links a")) link.addEventListener("click", () => uncover(link, update));
}

/** What a link leads to may be filtered away, or stand in the list that is closed. */
function uncover(link, update) {
  const target = document.querySelector(link.hash);
  if (target.hidden) {
    byId("filters").reset();
    update();
  }
  const list = target.closest("details");
  if (list) list.open = true;
}

if (byId("gallery")) showVideos();
document.body.dataset.ready = "true";
if (document.querySelector(".chart")) document.addEventListener("DOMContentLoaded", showCharts); // after plotly's script
