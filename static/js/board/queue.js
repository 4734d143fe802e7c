// Taps that wait for a line, in their order, kept in the browser until the server has them.
import { shell } from "../ui.js"

const PLACE = `bellhop.board.${shell?.dataset.user ?? ""}`

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "[]")
  } catch {
    return []
  }
}

function write(taps) {
  localStorage.setItem(PLACE, JSON.stringify(taps))
}

export const waiting = () => read()

// Is it kept? A full phone, or a private window, keeps nothing.
export function add(tap) {
  try {
    write([...read(), tap])
    return true
  } catch {
    return false
  }
}

export function drop(token) {
  write(read().filter((tap) => tap.token !== token))
}

// One after the other. `send` answers "done", "drop" or "stop"; what is not done stays, in its order.
let running = null

export function replay(send) {
  running ??= (async () => {
    for (let taps = read(); taps.length; taps = read()) {
      const answer = await send(taps[0])
      if (answer === "stop") return
      drop(taps[0].token)
    }
  })().finally(() => (running = null))
  return running
}
