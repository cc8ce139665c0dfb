"use strict";
// Media come one after the other, and the centre hears that somebody sees the page.
(() => {
  const saves = navigator.connection !== undefined && navigator.connection.saveData;

  // On a slow line the first picture is there when it is whole; whatever shares the line delays it.
  async function fetchAll() {
    const pictures = Array.from(document.querySelectorAll(".show img"));
    for (const picture of pictures) {
      picture.loading = "eager";
      // One that is broken stops no other.
      await picture.decode().catch(() => {});
    }
    document.querySelectorAll("[data-later]").forEach((medium) => { medium.preload = "metadata"; });
    for (const picture of pictures) {
      if (picture.dataset.better === undefined) continue;
      const large = new Image();
      large.src = picture.dataset.better;
      delete picture.dataset.better;
      await large.decode().then(() => { picture.src = large.src; }, () => {});
    }
  }

  if (!saves) fetchAll();

  // A tab in the background, or a page that the browser fetched ahead, is seen by nobody.
  let isTold = false;
  function seen() {
    if (isTold || document.visibilityState !== "visible") return;
    isTold = true;
    fetch(document.querySelector("main").dataset.seen, { method: "POST", keepalive: true }).catch(() => {});
  }
  document.addEventListener("visibilitychange", () => setTimeout(seen, 1000));
  setTimeout(seen, 1000);
})();
