// The connection to the server, and the decoding of its binary frames.

const TYPES = {
  f32: { size: 4, view: (buffer, at, length) => new Float32Array(buffer, at, length) },
  u8: { size: 1, view: (buffer, at, length) => new Uint8Array(buffer, at, length) },
};
const WAITS = [500, 1000, 2000, 4000, 8000, 15000];
const utf8 = new TextDecoder();

/** Decode a binary frame into {header, arrays: {name: {shape, values}}, buffer}. The arrays are views, not copies. */
export function decode(buffer) {
  if (buffer.byteLength < 4) throw new Error(`A frame needs at least 4 bytes; received ${buffer.byteLength}.`);
  const length = new DataView(buffer).getUint32(0, true);
  const start = 4 + length;
  if (start > buffer.byteLength) {
    throw new Error(`A frame announces a header of ${length} bytes but has ${buffer.byteLength} bytes in all.`);
  }
  const header = JSON.parse(utf8.decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, { type, shape, at }] of Object.entries(header.arrays || {})) {
    const kind = TYPES[type];
    if (!kind) throw new Error(`Array ${name} has the unknown type ${type}.`);
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { shape, values: kind.view(buffer, start + at, count) };
  }
  return { header, arrays, buffer };
}

/**
 * Connect to the server, and again with growing waits when the connection is lost.
 * onOpen(again): `again` is true after a lost connection. onLost({attempt, seconds}): the next try is in `seconds`.
 */
export function connect({ onText, onFrame, onOpen, onLost, onProblem = (text) => console.error(text) }) {
  let socket = null;
  let attempt = 0;
  let opened = false;
  let closed = false;
  let timer = 0;

  function open() {
    clearTimeout(timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const again = opened;
      opened = true;
      attempt = 0;
      onOpen(again);
    };
    socket.onmessage = ({ data }) => receive(data);
    socket.onclose = lost;
  }

  function receive(data) {
    let message;
    try {
      message = typeof data === "string" ? JSON.parse(data) : decode(data);
    } catch (error) {
      onProblem(`A message from the server could not be read: ${error.message}`);
      return;
    }
    if (typeof data === "string") onText(message);
    else onFrame(message);
  }

  function lost(event) {
    if (closed) return;
    const wait = WAITS[Math.min(attempt, WAITS.length - 1)];
    attempt += 1;
    timer = setTimeout(open, wait);
    onLost({ attempt, seconds: wait / 1000, code: event.code, reason: event.reason });
  }

  open();
  return {
    /** Send an object; false when there is no connection. */
    send(object) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(object));
      return true;
    },
    retry() {
      if (socket.readyState === WebSocket.CLOSED) open();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
