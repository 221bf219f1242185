"use strict";
// Draws the page's pictures: charts as they are given, and memory over time from the requests.
(function () {
  const WINDOW_COLUMNS = 400; // sampled steps of a window with too many requests to draw each
  const MOST_SHAPES = 600;
  const MOST_PIECES = 20000;
  const CLASSES = 5;
  const narrow = window.matchMedia("(max-width: 40rem)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const number = new Intl.NumberFormat("en");

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // an edge in the colour of what it bounds: many of them close together hide nothing
  const darker = (hex) => "#" + [1, 3, 5].map((k) =>
    Math.round(0.72 * parseInt(hex.slice(k, k + 2), 16)).toString(16).padStart(2, "0")).join("");

  // strings "var:NAME" become the theme's colours
  function themed(value) {
    if (typeof value === "string")
      return value.startsWith("var:") ? colour(value.slice(4)) : value;
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(themed);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v)]));
    return value;
  }

  function axis(extra) {
    const tick = colour("soft"), line = colour("line");
    return Object.assign(
      { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true,
        tickfont: { color: tick }, title: { font: { color: tick } } },
      extra);
  }

  function layout(given) {
    const base = {
      paper_bgcolor: colour("paper"), plot_bgcolor: colour("paper"),
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("ink") },
      margin: { l: 8, r: 12, t: 12, b: 8 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
      hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("line"),
                    font: { color: colour("ink") } },
      dragmode: narrow.matches ? false : "zoom",
    };
    const made = Object.assign(base, themed(given));
    for (const name of Object.keys(made))
      if (/^[xy]axis\d*$/.test(name)) made[name] = axis(made[name]);
    for (const name of ["xaxis", "yaxis"]) made[name] = made[name] || axis({});
    return made;
  }

  const config = {
    responsive: true, displayModeBar: false, // it would lie over the legend
  };

  function element(name, fields, ...children) {
    const made = Object.assign(document.createElement(name), fields);
    made.append(...children);
    return made;
  }

  function chart(box, data) {
    const draw = () => Plotly.react(box, themed(data.traces), layout(data.layout), config);
    return { draw };
  }

  // ---- memory over time ----------------------------------------------------------------------

  // Adds the piece of a line from step t to t + 1; a piece that goes straight on lengthens the last.
  function extend(line, t, low, high) {
    const n = line.length, last = line[n - 1];
    if (n && last[1] === low) {
      const [u, v] = line[n - 2];
      if ((low - v) * (t + 1 - u) === (high - v) * (t - u)) line[n - 1] = [t + 1, high];
      else line.push([t + 1, high]);
    } else line.push([t, low], [t + 1, high]);
  }

  // Each request of the window as the outline of its trapezoid, those that complete later lower.
  function shapes(requests, starts, ids, from, to) {
    const { prompt, output } = requests;
    const order = ids.slice().sort((i, j) =>
      starts[j] + output[j] - starts[i] - output[i] || starts[i] - starts[j] || i - j);
    const left = new Map(), right = new Map(); // by step: a window may be very long
    const made = [];
    for (const i of order) {
      const begin = starts[i], first = Math.max(begin, from);
      const last = Math.min(begin + output[i], to);
      const top = [], under = [], middle = Math.floor((first + last) / 2);
      let mid = 0;
      for (let t = first; t < last; t++) {
        const held = prompt[i] + t - begin, low = left.get(t) || 0, high = right.get(t) || 0;
        extend(under, t, low, high);
        left.set(t, low + held);
        right.set(t, high + held + 1);
        extend(top, t, low + held, high + held + 1);
        if (t === middle) mid = low + held / 2;
      }
      const path = top.concat(under.reverse());
      made.push({ id: i, x: path.map((p) => p[0]), y: path.map((p) => p[1]),
                  at: middle, mid, held: prompt[i] + middle - begin, wide: last - first });
    }
    return made;
  }

  // The tokens that each class holds in the sampled steps of the window.
  function sampled(requests, starts, ids, classes, from, to) {
    const { prompt, output } = requests;
    const every = Math.max(1, Math.ceil((to - from) / WINDOW_COLUMNS));
    const steps = [];
    for (let t = from + 1; t <= to; t += every) steps.push(t);
    const held = Array.from({ length: CLASSES }, () => new Float64Array(steps.length));
    for (const i of ids) {
      const begin = starts[i];
      const first = Math.max(0, Math.ceil((begin - from) / every));
      for (let k = first; k < steps.length; k++) {
        const age = steps[k] - begin;
        if (age > output[i]) break;
        if (age >= 1) held[classes[i]][k] += prompt[i] + age;
      }
    }
    return { every, steps, held };
  }

  function byVolume(requests) {
    const { prompt, output } = requests;
    const volume = prompt.map((s, i) => s * output[i] + (output[i] * (output[i] + 1)) / 2);
    const ascending = Float64Array.from(volume).sort();
    const limits = [];
    for (let c = 1; c <= CLASSES; c++) {
      const limit = ascending[Math.ceil((c * ascending.length) / CLASSES) - 1];
      if (limit !== limits[limits.length - 1]) limits.push(limit);
    }
    return { volume, limits, classes: volume.map((v) => limits.findIndex((l) => v <= l)) };
  }

  function memory(box, data) {
    const requests = data.requests, { volume, limits, classes } = byVolume(requests);
    const count = requests.prompt.length;
    let begin = Infinity, end = 0;
    for (const a of requests.arrival) begin = Math.min(begin, a);
    for (const { starts } of data.schedules)
      for (let i = 0; i < count; i++) end = Math.max(end, starts[i] + requests.output[i]);
    let from = begin, to = end, chosen = 0;

    const seen = element("p", { className: "seen" });
    seen.setAttribute("aria-live", "polite");
    const button = (text, label, act) => {
      const made = element("button", { type: "button", textContent: text, onclick: act });
      made.setAttribute("aria-label", label);
      return made;
    };
    const look = (middle, wide) => {
      wide = Math.max(4, Math.min(end - begin, Math.round(wide)));
      from = Math.round(Math.min(end - wide, Math.max(begin, middle - wide / 2)));
      to = from + wide;
      draw();
    };
    const choose = element("div", { className: "choose" });
    if (data.schedules.length > 1) {
      const list = element("select", {}, ...data.schedules.map((s, k) =>
        element("option", { value: String(k), textContent: s.name })));
      list.onchange = () => { chosen = Number(list.value); draw(); };
      choose.append(element("label", {}, "Schedule of ", list));
    }
    choose.append(element("span", {},
      button("◀", "earlier", () => look((from + to) / 2 - (to - from) / 2, to - from)), " ",
      button("+", "zoom in", () => look((from + to) / 2, (to - from) / 2)), " ",
      button("−", "zoom out", () => look((from + to) / 2, (to - from) * 2)), " ",
      button("▶", "later", () => look((from + to) / 2 + (to - from) / 2, to - from)), " ",
      button("all", "the whole schedule", () => look((begin + end) / 2, end - begin))));
    box.before(choose);
    box.after(seen);
    box.classList.add("tall");

    const names = limits.map((limit) => `≤ ${number.format(limit)}`);

    function traces() {
      const starts = data.schedules[chosen].starts, ids = [];
      let pieces = 0;
      for (let i = 0; i < count; i++) {
        const over = Math.min(to, starts[i] + requests.output[i]) - Math.max(from, starts[i]);
        if (over > 0) { ids.push(i); pieces += over; }
      }
      const fill = (c) => colour("v" + c);
      if (ids.length <= MOST_SHAPES && pieces <= MOST_PIECES) {
        const made = limits.map((_, c) => ({
          type: "scatter", mode: "lines", x: [], y: [], fill: "toself", fillcolor: fill(c),
          line: { color: darker(fill(c)), width: 0.8, simplify: false }, hoverinfo: "skip",
          name: names[c],
        }));
        const marks = { type: "scatter", mode: "markers", x: [], y: [], text: [],
                        marker: { opacity: 0, size: 14 }, hoverinfo: "text", showlegend: false };
        const labels = { type: "scatter", mode: "text", x: [], y: [], text: [],
                         textfont: { size: 11, color: "#ffffff" }, hoverinfo: "skip",
                         showlegend: false };
        for (const { id, x, y, at, mid, held, wide } of
             shapes(requests, starts, ids, from, to)) {
          const mine = made[classes[id]];
          if (mine.x.length) { mine.x.push(null); mine.y.push(null); }
          for (let k = 0; k < x.length; k++) { mine.x.push(x[k]); mine.y.push(y[k]); }
          mine.x.push(x[0]); mine.y.push(y[0]);
          marks.x.push(at + 0.5);
          marks.y.push(mid);
          marks.text.push(
            `request ${id}: prompt ${number.format(requests.prompt[id])}, ` +
            `output ${number.format(requests.output[id])}<br>arrives at ` +
            `${number.format(requests.arrival[id])}, runs from ${number.format(starts[id])} to ` +
            `${number.format(starts[id] + requests.output[id])}<br>` +
            `volume ${number.format(volume[id])} token-steps`);
          if (ids.length <= 60 && held > data.memory / 25 && wide > (to - from) / 60) {
            labels.x.push(at + 0.5); labels.y.push(mid); labels.text.push(String(id));
          }
        }
        seen.textContent =
          `Steps ${number.format(from)} to ${number.format(to)}: each of the ` +
          `${number.format(ids.length)} requests that run there is drawn.`;
        return made.filter((trace) => trace.x.length).concat(marks, labels);
      }
      const { every, steps, held } = sampled(requests, starts, ids, classes, from, to);
      seen.textContent =
        `Steps ${number.format(from)} to ${number.format(to)}: ${number.format(ids.length)} ` +
        `requests, too many to draw each. They are summed up in ${limits.length} classes by ` +
        `volume, ${every > 1 ? `at every ${number.format(every)}th step` : "at every step"}. ` +
        "Zoom in to see each.";
      return limits.map((_, c) => ({
        type: "scatter", mode: "lines", x: steps, y: Array.from(held[c]), stackgroup: "held",
        fillcolor: fill(c), line: { color: fill(c), width: 0.5 }, name: names[c],
        hovertemplate: "%{y:,} tokens",
      }));
    }

    function draw() {
      const all = traces();
      const given = {
        xaxis: { title: { text: data.unit }, range: [from, to], tickformat: ",d" },
        yaxis: { title: { text: "tokens held" }, range: [0, 1.06 * data.memory],
                 tickformat: ",d", fixedrange: true },
        legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)",
                  traceorder: "normal", title: { text: "volume ", side: "left" } },
        hovermode: all[0] && all[0].stackgroup ? "x unified" : "closest",
        shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: data.memory,
                   y1: data.memory, line: { color: "var:red", width: 1.5, dash: "dash" } }],
        annotations: [{ xref: "paper", x: 1, xanchor: "right", yref: "y", y: data.memory,
                        yanchor: "bottom", showarrow: false, font: { color: "var:red", size: 12 },
                        text: `memory ${number.format(data.memory)}` }],
      };
      if (data.prices) {
        all.push({ type: "scatter", mode: "lines", x: data.prices.x, y: data.prices.y, yaxis: "y2",
                   line: { shape: "hv", color: colour("c2"), width: 1.5 }, fill: "tozeroy",
                   name: "price", showlegend: false, hovertemplate: "price %{y:.4g}<extra></extra>" });
        given.yaxis.domain = [0.34, 1];
        given.yaxis2 = { title: { text: "price" }, domain: [0, 0.24], rangemode: "tozero",
                         fixedrange: true };
        given.xaxis.anchor = "y2";
      }
      return Plotly.react(box, all, layout(given), config);
    }
    const listen = () => box.on("plotly_relayout", (change) => {
      let a = change["xaxis.range[0]"], b = change["xaxis.range[1]"];
      if (change["xaxis.range"]) [a, b] = change["xaxis.range"];
      if (change["xaxis.autorange"]) { from = begin; to = end; draw(); }
      else if (a !== undefined && b !== undefined) look((+a + +b) / 2, b - a);
    });
    return { draw, listen };
  }

  // ---- the page ------------------------------------------------------------------------------

  const kinds = { chart, memory };
  const drawn = [];
  const pictures = Array.from(document.querySelectorAll("figure"));
  for (const figure of pictures) {
    const box = figure.querySelector(".picture");
    const data = JSON.parse(figure.querySelector("script").textContent);
    box.textContent = "";
    const picture = kinds[data.kind](box, data);
    picture.draw();
    if (picture.listen) picture.listen();
    drawn.push(picture);
  }
  for (const media of [dark, narrow])
    media.addEventListener("change", () => drawn.forEach((picture) => picture.draw()));

  for (const button of document.querySelectorAll("button[data-file]"))
    button.addEventListener("click", () => {
      const text = atob(document.getElementById(button.dataset.file).textContent);
      const bytes = Uint8Array.from(text, (sign) => sign.charCodeAt(0));
      const link = element("a", {
        href: URL.createObjectURL(new Blob([bytes])), download: button.dataset.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  document.body.dataset.drawn = `${drawn.length} of ${pictures.length}`;
})();
