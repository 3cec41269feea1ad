// picture.mjs -- memory over time as an SVG: a line, its fit, its figures.

const W = 860,
  H = 420,
  LEFT = 64,
  RIGHT = 20,
  TOP = 64,
  BOTTOM = 52;

/** The line of least squares through { t, y }: { slope, at(t) }. */
export function fit(points) {
  const n = points.length;
  const mean = (key) => points.reduce((sum, p) => sum + p[key], 0) / n;
  const t = mean('t'),
    y = mean('y');
  let over = 0,
    under = 0;
  for (const p of points) {
    over += (p.t - t) * (p.y - y);
    under += (p.t - t) ** 2;
  }
  const slope = under > 0 ? over / under : 0;
  return { slope, at: (when) => y + slope * (when - t) };
}

/** About five round steps up to `most`. */
function ticks(most) {
  const rough = most / 5,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step);
}

const text = (x, y, words, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words}</text>`;
const line = (x1, y1, x2, y2, more) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" ` +
  `y2="${y2.toFixed(1)}" ${more}/>`;

/** At most so many points: the mean of each stretch. */
function thinned(points, most) {
  const size = Math.ceil(points.length / most);
  const out = [];
  for (let i = 0; i < points.length; i += size) {
    const some = points.slice(i, i + size);
    const mean = (key) => some.reduce((sum, p) => sum + p[key], 0) / some.length;
    out.push({ t: mean('t'), y: mean('y') });
  }
  return out;
}

/** `points`: [{ t: seconds, y: MB }]; the fit begins at `from` seconds. */
export function picture(points, from, title, figures) {
  const end = Math.max(1, points.at(-1).t);
  const top = Math.max(...points.map((p) => p.y)) * 1.15;
  const x = (t) => LEFT + (t / end) * (W - LEFT - RIGHT);
  const y = (mb) => H - BOTTOM - (mb / top) * (H - TOP - BOTTOM);
  const fitted = fit(points.filter((p) => p.t >= from));
  const path = thinned(points, 700)
    .map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.t).toFixed(1)} ${y(p.y).toFixed(1)}`)
    .join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" width="${W}" height="${H}"`,
    ' font-family="sans-serif" font-size="12" fill="#333">',
    `<rect width="${W}" height="${H}" fill="#fff"/>`,
    text(LEFT, 24, title, 'font-size="16" font-weight="bold"'),
    text(LEFT, 44, figures),
    ...ticks(top).flatMap((mb) => [
      line(LEFT, y(mb), W - RIGHT, y(mb), 'stroke="#ddd"'),
      text(LEFT - 8, y(mb) + 4, mb, 'text-anchor="end"'),
    ]),
    ...ticks(end / 60).map((m) =>
      text(x(m * 60), H - BOTTOM + 20, Number(m.toFixed(2)), 'text-anchor="middle"'),
    ),
    text((LEFT + W - RIGHT) / 2, H - 10, 'minutes', 'text-anchor="middle"'),
    text(LEFT - 8, TOP - 10, 'MB', 'text-anchor="end"'),
    line(LEFT, H - BOTTOM, W - RIGHT, H - BOTTOM, 'stroke="#333"'),
    line(LEFT, TOP, LEFT, H - BOTTOM, 'stroke="#333"'),
    line(x(from), TOP, x(from), H - BOTTOM, 'stroke="#999" stroke-dasharray="2 4"'),
    text(x(from) + 5, TOP + 12, 'the fit begins', 'fill="#777"'),
    `<path d="${path}" fill="none" stroke="#2468a8" stroke-width="1.5"/>`,
    line(x(from), y(fitted.at(from)), x(end), y(fitted.at(end)), 'stroke="#c33" stroke-width="2"'),
    '</svg>\n',
  ].join('\n');
}
