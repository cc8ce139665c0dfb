"use strict";
// Shows the slides one after the other, each for its time, as a phone does.
(() => {
  const show = document.getElementById("show");
  const slides = Array.from(show.querySelectorAll(".slide"));
  if (slides.length === 0) return;
  const [back, play, next] = ["back", "play", "next"].map((id) => document.getElementById(id));
  const bar = document.getElementById("progress");
  const status = document.getElementById("status");
  const seconds = slides.map((slide) => Number(slide.dataset.seconds));
  let here = 0;
  let passed = 0;
  let last = 0;
  let timer = null;

  const media = () => Array.from(slides[here].querySelectorAll("audio, video"));

  // What several slides show is on the page once; the others get a copy when their turn comes.
  function fill(slide) {
    slide.querySelectorAll("[data-same]").forEach((place) => {
      const drawn = document.getElementById(place.dataset.same);
      place.replaceChildren(...Array.from(drawn.childNodes, (node) => node.cloneNode(true)));
      place.querySelectorAll("img").forEach((picture) => { picture.alt = place.dataset.label; });
      place.querySelectorAll("audio, video").forEach((medium) => { medium.ariaLabel = place.dataset.label; });
      delete place.dataset.same;
    });
  }

  function draw() {
    bar.max = seconds[here];
    bar.value = Math.min(passed, seconds[here]);
    bar.textContent = `${passed.toFixed(1)} of ${seconds[here]} seconds`;
  }

  function go(index) {
    media().forEach((medium) => medium.pause());
    here = index;
    passed = 0;
    fill(slides[here]);
    slides.forEach((slide, number) => { slide.hidden = number !== here; });
    back.disabled = here === 0;
    next.disabled = here === slides.length - 1;
    status.textContent = `Slide ${here + 1} of ${slides.length}, ${seconds[here]} seconds`;
    media().forEach((medium) => { medium.currentTime = 0; });
    if (timer !== null) start();
    draw();
  }

  function start() {
    // What the browser can't play stays silent; the slides go on.
    media().forEach((medium) => medium.play().catch(() => {}));
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    media().forEach((medium) => medium.pause());
  }

  function tick() {
    const now = performance.now();
    passed += (now - last) / 1000;
    last = now;
    if (passed >= seconds[here]) {
      if (here + 1 < slides.length) go(here + 1);
      else stop();
    }
    draw();
  }

  play.addEventListener("click", () => {
    if (timer !== null) {
      stop();
      return;
    }
    if (passed >= seconds[here]) go(here + 1 < slides.length ? here : 0);
    last = performance.now();
    timer = setInterval(tick, 100);
    play.textContent = "Pause";
    start();
  });
  back.addEventListener("click", () => go(here - 1));
  next.addEventListener("click", () => go(here + 1));
  show.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLMediaElement || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft" && here > 0) go(here - 1);
    else if (event.key === "ArrowRight" && here + 1 < slides.length) go(here + 1);
    else return;
    event.preventDefault();
  });
  show.classList.add("playing");
  go(0);
})();
