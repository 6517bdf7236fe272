// Labels of the scatter plot: each beside its own dot, where no other label, no dot and no edge is in the way.

const AROUND = [[1, -1], [-1, -1], [1, 1], [-1, 1], [0, -1], [0, 1], [1, 0], [-1, 0]]; // bars go straight
const RINGS = [0, 14, 30, 50, 76];
const LINE = 16, DOT = 9;
const ruler = document.createElement("canvas").getContext("2d");

function overlap(a, b) {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

function boxAt(x, y, width, height) {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

function outside(box, frame) {
  const across = Math.max(0, -box.left) + Math.max(0, box.right - frame.width);
  const down = Math.max(0, -box.top) + Math.max(0, box.bottom - frame.height);
  return (across + down) * LINE;
}

function bestPlace(dot, width, taken, frame) {
  let best = null;
  for (const ring of RINGS) {
    for (const [across, down] of AROUND) {
      const dx = across * (DOT + ring + (down ? 0.35 : 0.5) * width), dy = down * (DOT + ring + LINE / 2);
      const box = boxAt(dot.x + dx, dot.y + dy, width + 4, LINE);
      const cost = taken.reduce((sum, other) => sum + overlap(box, other), outside(box, frame));
      if (!best || cost < best.cost) best = { cost, dx, dy, box, ring };
    }
    if (best.cost === 0) break;
  }
  return best;
}

function placeLabels(div) {
  const { xaxis, yaxis, font } = div._fullLayout;
  const frame = { width: xaxis._length, height: yaxis._length };
  const dots = div.data
    .filter(({ visible }) => visible)
    .map(({ x, y, name, marker, labelled }) => ({ x: xaxis.l2p(x[0]), y: yaxis.l2p(y[0]), at: [x[0], y[0]], name, color: marker.color, labelled }))
    .filter(({ x, y }) => x >= 0 && y >= 0 && x <= frame.width && y <= frame.height);
  const taken = dots.map(({ x, y }) => boxAt(x, y, 2 * DOT, 2 * DOT));
  ruler.font = `${font.size}px ${font.family}`;
  const annotations = dots.filter(({ labelled }) => labelled).map((dot) => {
    const place = bestPlace(dot, ruler.measureText(dot.name).width, taken, frame);
    taken.push(place.box);
    return {
      x: dot.at[0], y: dot.at[1], ax: place.dx, ay: place.dy, text: dot.name.replaceAll("<", "&lt;"),
      xanchor: "center", yanchor: "middle", arrowhead: 0, arrowwidth: 1, standoff: 5, borderpad: 1,
      bgcolor: `${getComputedStyle(document.documentElement).getPropertyValue("--ground").trim()}b0`,
      arrowcolor: place.ring ? dot.color : "rgba(0,0,0,0)", captureevents: false,
    };
  });
  Plotly.relayout(div, { annotations });
}

function labelled(div) {
  placeLabels(div);
  if (div.labelled) return;
  div.labelled = true;
  div.on("plotly_relayout", (change) => "annotations" in change || placeLabels(div));
}
