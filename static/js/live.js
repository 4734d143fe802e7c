// One socket per tab. It resumes by number: whatever was missed is told again, in order, exactly once.
import { shell, words, clock } from "./ui.js"

const FIRST_WAIT = 400
const LONGEST_WAIT = 5000
const BAR_AFTER = 3000
const OFFLINE_AFTER = 15000
const PING_EVERY = 15000
const PONG_WITHIN = 6000

const listeners = new Map()
let socket = null
let number = shell?.dataset.live ? Number(shell.dataset.live) : null
let wait = FIRST_WAIT
let lostAt = 0
let heardAt = Date.now()
let pinged = false
let timers = []

export const state = { live: false }

export function on(topic, run) {
  if (!listeners.has(topic)) listeners.set(topic, [])
  listeners.get(topic).push(run)
}

function tell(topic, ...given) {
  for (const run of listeners.get(topic) ?? []) run(...given)
}

export function send(message) {
  if (socket?.readyState !== WebSocket.OPEN) return false
  socket.send(JSON.stringify(message))
  return true
}

function open() {
  const scheme = location.protocol === "https:" ? "wss" : "ws"
  const room = shell.dataset.room ? `&room=${shell.dataset.room}` : ""
  const mine = (socket = new WebSocket(`${scheme}://${location.host}/live/?lang=${document.documentElement.lang}${room}`))
  mine.addEventListener("open", () => send({ type: "hello", n: number }))
  mine.addEventListener("message", (event) => mine === socket && receive(JSON.parse(event.data)))
  mine.addEventListener("close", (event) => mine === socket && closed(event.code))
}

function receive(message) {
  heardAt = Date.now()
  pinged = false
  if (message.type === "ready") return ready(message)
  if (message.type === "refresh") {
    number = message.n
    return tell("refresh")
  }
  if (message.type === "presence") return tell("presence", message)
  if (message.n === undefined) return undefined
  number = message.n
  const rows = message.rows ?? {}
  for (const event of message.events ?? []) tell(event.topic, event, rows[event.id])
  if (message.cards) tell("cards", message.cards)
  if ((message.events ?? []).length) tell("batch", message.events)
  return undefined
}

function ready(message) {
  number ??= message.n
  wait = FIRST_WAIT
  state.live = true
  document.documentElement.dataset.live = "on"
  const wasLost = lostAt && Date.now() - lostAt > BAR_AFTER
  timers.forEach(clearTimeout)
  timers = []
  lostAt = 0
  if (wasLost) {
    bar(words("upToDate"), "ok")
    timers.push(setTimeout(() => bar(""), 2000))
  } else bar("")
  tell("ready", wasLost)
}

function closed(code) {
  state.live = false
  document.documentElement.dataset.live = "off"
  if (code === 4401) {
    bar(words("signedOut"), "bad", words("signIn"))
    tell("signed-out")
    return
  }
  if (!lostAt) {
    lostAt = Date.now()
    const at = clock()
    timers.push(setTimeout(() => bar(words("reconnecting"), "warn"), BAR_AFTER))
    timers.push(setTimeout(() => bar(words("offline", { at }), "warn"), OFFLINE_AFTER))
    tell("lost")
  }
  setTimeout(open, wait * (0.5 + Math.random() / 2))
  wait = Math.min(LONGEST_WAIT, wait * 2)
}

function bar(text, tone = "", action = "") {
  const element = document.getElementById("live-bar")
  if (!element) return
  element.hidden = !text
  element.dataset.tone = tone
  element.textContent = text
  if (action) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = action
    button.addEventListener("click", () => tell("signed-out"))
    element.append(" ", button)
  }
}

// A lid that was closed leaves a socket that looks open: ask it, and don't wait long for the answer.
function check() {
  if (socket?.readyState !== WebSocket.OPEN) return
  if (pinged && Date.now() - heardAt > PONG_WITHIN) {
    const dead = socket
    socket = null
    dead.close()
    closed(0)
    return
  }
  pinged = send({ type: "ping" })
  setTimeout(() => pinged && check(), PONG_WITHIN + 100)
}

// After signing in again: the old line was another session's.
export function again() {
  const old = socket
  socket = null
  old?.close()
  wait = FIRST_WAIT
  open()
}

export function start() {
  if (!shell?.dataset.user) return
  open()
  setInterval(check, PING_EVERY)
  window.addEventListener("online", () => (wait = FIRST_WAIT) && check())
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check())
}
