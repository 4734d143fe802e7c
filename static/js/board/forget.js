// Where people sign in and out: the board that the last one saw goes from the phone.
const KEPT = "bellhop-board-" // as in worker.js

async function forget() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(KEPT)).map((name) => caches.delete(name)))
}

if ("caches" in window) forget().catch(() => {}) // private windows keep nothing
