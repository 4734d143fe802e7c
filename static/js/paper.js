// A paper is printed as it stands on the screen.
export function start() {
  document.querySelector("[data-print]")?.addEventListener("click", () => window.print())
}
