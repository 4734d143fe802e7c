/** Takes another Bellhop into the page. */
const form = document.getElementById("settings");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  const answer = await fetch("/_control/website", { method: "PUT", body, headers: { "content-type": "application/json" } });
  if (answer.ok) location.reload();
  else document.getElementById("said").textContent = (await answer.json()).error;
});
