"use strict";
// The large pictures follow the small ones, and the centre hears that somebody sees the page.
(() => {
  const saves = navigator.connection !== undefined && navigator.connection.saveData;

  function follow(picture) {
    const large = new Image();
    large.addEventListener("load", () => { picture.src = large.src; });
    large.src = picture.dataset.better;
    delete picture.dataset.better;
  }

  function watch(picture) {
    if (picture.complete && picture.naturalWidth > 0) follow(picture);
    else picture.addEventListener("load", () => follow(picture), { once: true });
  }

  if (!saves) document.querySelectorAll("img[data-better]").forEach(watch);

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
