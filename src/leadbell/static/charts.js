// Draws the charts that the page describes; without this file their pictures stand there.
const figures = () => document.querySelectorAll("figure[data-chart]");
const drawn = new Map();
const still = matchMedia("(prefers-reduced-motion: reduce)");

function colours() {
  const said = getComputedStyle(document.documentElement);
  const of = (name) => said.getPropertyValue(name).trim();
  const name = (one) => [one, of(`--lb-chart-${one}`)];
  return Object.fromEntries(["first", "second", "auto", "late", "quiet", "text", "faint", "line", "paper"].map(name));
}

const language = document.documentElement.lang || "en";
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const number = (value, unit) => (value === null || value === undefined ? "–" : (unit === "share" ? share : whole).format(value));

function frame(chart, c) {
  return {
    animation: !still.matches, animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: c.text },
    aria: { enabled: true, label: { description: `${chart.title}: ${chart.base}` } },
    grid: { left: 8, right: 16, top: 28, bottom: 40, containLabel: true },
    legend: { bottom: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 10, textStyle: { color: c.text }, inactiveColor: c.faint, selectedMode: false, data: chart.lines.map((line) => ({ name: line.title, textStyle: { color: c.text } })) },
    tooltip: {
      trigger: "axis", renderMode: "richText", backgroundColor: c.paper, borderColor: c.line, textStyle: { color: c.text, fontSize: 12 },
      confine: true,
    },
  };
}

const axis = (c, more) => ({
  axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, axisLabel: { color: c.faint }, splitLine: { lineStyle: { color: c.line } },
  ...more,
});

function short(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function marks(chart, c, at) {
  if (!chart.marks.length) return undefined;
  return {
    symbol: "none", silent: true, animation: false, lineStyle: { color: c.late, type: "dashed", width: 1.5 },
    data: chart.marks.map((mark) => ({
      [at]: mark.at, name: mark.says, label: { formatter: mark.says, color: c.late, position: at === "xAxis" ? "insideEndTop" : "end", rotate: 0, distance: 4 },
    })),
  };
}

const options = {
  curve: (chart, c) => ({
    ...frame(chart, c),
    tooltip: {
      ...frame(chart, c).tooltip,
      formatter: (points) => [short(points[0].axisValue), ...points.map((one) => `${one.seriesName}: ${share.format(one.value[1])}`)].join("\n"),
    },
    xAxis: axis(c, { type: "log", min: chart.xs[0], max: chart.xs.at(-1), axisLabel: { color: c.faint, formatter: short, customValues: [15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 144e5, 864e5], hideOverlap: true }, splitLine: { show: false } }),
    yAxis: axis(c, { type: "value", min: 0, max: 1, axisLabel: { color: c.faint, formatter: (value) => share.format(value) } }),
    series: chart.lines.map((line, i) => ({
      type: "line", name: line.title, data: line.values.map((value, at) => [chart.xs[at], value]), smooth: 0.15, symbolSize: 6,
      color: c[line.tone], lineStyle: { width: 2.5, type: line.tone === "second" || line.tone === "auto" ? "dashed" : "solid" },
      markLine: i === 0 ? marks(chart, c, "xAxis") : undefined,
    })),
  }),
  columns: (chart, c) => ({
    ...frame(chart, c),
    tooltip: { ...frame(chart, c).tooltip, valueFormatter: (value) => number(value, chart.unit) },
    xAxis: axis(c, { type: "category", data: chart.labels, splitLine: { show: false } }),
    yAxis: axis(c, { type: "value", min: 0, minInterval: chart.unit === "count" ? 1 : undefined, axisLabel: { color: c.faint, formatter: (value) => number(value, chart.unit) } }),
    series: chart.lines.map((line, i) => ({
      type: "bar", name: line.title, data: line.values, stack: chart.stacked ? "one" : undefined, color: c[line.tone], barCategoryGap: "24%",
      itemStyle: { borderRadius: 2, decal: line.tone === "auto" || line.tone === "second" ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: "rgb(255 255 255 / .28)" } : { symbol: "none" } },
      markLine: i === 0 ? marks(chart, c, "yAxis") : undefined,
    })),
  }),
};

function draw(figure) {
  const chart = JSON.parse(figure.dataset.chart);
  if (!options[chart.kind]) return;
  const place = figure.querySelector(".chart-live");
  let drawing = drawn.get(place);
  if (!drawing) {
    place.hidden = false;
    figure.classList.add("is-live");
    drawing = echarts.init(place, null, { renderer: "canvas" });
    drawn.set(place, drawing);
    seen.observe(place);
  }
  drawing.setOption(options[chart.kind](chart, colours()), true);
}

const seen = new ResizeObserver((entries) => entries.forEach((entry) => drawn.get(entry.target)?.resize()));

function all() {
  for (const [place, drawing] of drawn) if (!place.isConnected) { seen.unobserve(place); drawing.dispose(); drawn.delete(place); }
  figures().forEach(draw);
}

all();
document.body.addEventListener("htmx:afterSettle", all);
new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
