// The board's service worker: its pages as they were last seen while there is no line.
const KEPT = "bellhop-board-1" // as in board.js
const BOARD = "/housekeeping/"
const LOGIN = "/accounts/login"

self.addEventListener("install", () => self.skipWaiting())

self.addEventListener("activate", (event) => {
  const others = async () => {
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name.startsWith("bellhop-board-") && name !== KEPT).map((name) => caches.delete(name)))
    await self.clients.claim()
  }
  event.waitUntil(others())
})

self.addEventListener("fetch", (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== "GET" || url.origin !== location.origin) return
  if (url.pathname === BOARD) event.respondWith(page(request))
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request))
})

// A page that leads to the sign-in page belongs to nobody any more.
async function page(request) {
  const kept = await caches.open(KEPT)
  try {
    const answer = await fetch(request)
    if (answer.type === "opaqueredirect" || (answer.redirected && new URL(answer.url).pathname.startsWith(LOGIN))) await caches.delete(KEPT)
    else if (answer.ok) await kept.put(request.url, answer.clone())
    return answer
  } catch (error) {
    const last = (await kept.match(request.url)) ?? (await kept.match(request.url, { ignoreSearch: true }))
    if (last) return last
    throw error
  }
}

// The newest one where there is a line: a page and its scripts belong together.
async function file(request) {
  const kept = await caches.open(KEPT)
  try {
    const answer = await fetch(request)
    if (answer.ok) await keep(kept, request, answer.clone())
    return answer
  } catch (error) {
    const last = await kept.match(request)
    if (last) return last
    throw error
  }
}

// In place of its earlier versions, whose names differ by a hash.
async function keep(kept, request, answer) {
  const stem = stemOf(request.url)
  const same = (await kept.keys()).filter((other) => other.url !== request.url && stemOf(other.url) === stem)
  await Promise.all(same.map((other) => kept.delete(other)))
  await kept.put(request, answer)
}

const stemOf = (url) => new URL(url).pathname.replace(/\.[0-9a-f]{12}(?=\.)/, "")
