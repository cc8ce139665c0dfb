"use strict";
// Shows the slides one after the other, each for its time, as a phone does.
(() => {
  document.querySelectorAll("[data-octets]").forEach((saved) => {
    saved.href = document.getElementById(saved.dataset.octets).querySelector("img, audio, video").src;
  });
  const show = document.getElementById("show");
  // Of a message that shows nothing there is nothing to play.
  if (show === null) return;
  const slides = Array.from(show.querySelectorAll(".slide"));
  const words = JSON.parse(show.dataset.words);
  const [back, play, next] = ["back", "play", "next"].map((id) => document.getElementById(id));
  const bar = document.getElementById("progress");
  const status = document.getElementById("status");
  const clock = document.getElementById("clock");
  // Where one reads from the right, the next slide is to the left.
  const [backward, forward] = getComputedStyle(show).direction === "rtl"
    ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
  const seconds = slides.map((slide) => Number(slide.dataset.seconds));
  let here = 0;
  let passed = 0;
  let last = 0;
  let timer = null;

  // 0:07, 1:05, 1:30:00.
  function digits(time) {
    const two = (count) => String(Math.floor(count)).padStart(2, "0");
    const hours = Math.floor(time / 3600);
    const minutes = Math.floor(time / 60) % 60;
    return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(time % 60)}`;
  }

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
    const whole = Math.ceil(seconds[here]);
    clock.textContent = `${digits(bar.value < bar.max ? bar.value : whole)} / ${digits(whole)}`;
    bar.textContent = clock.textContent;
  }

  // A text that goes on below its edge says so.
  function mark(text) {
    const below = text.scrollHeight - text.clientHeight - text.scrollTop;
    text.classList.toggle("more", below > (text.classList.contains("more") ? 40 : 4));
  }

  function name() {
    play.textContent = timer !== null ? words.pause : ended() ? words.again : words.play;
  }

  const ended = () => here === slides.length - 1 && passed >= seconds[here];

  function go(index) {
    media().forEach((medium) => medium.pause());
    here = index;
    passed = 0;
    fill(slides[here]);
    slides.forEach((slide, number) => { slide.hidden = number !== here; });
    back.disabled = here === 0;
    next.disabled = here === slides.length - 1;
    status.textContent = words.slide.replace("{number}", here + 1).replace("{count}", slides.length)
      .replace("{span}", slides[here].dataset.span);
    slides[here].querySelectorAll(".text").forEach((text) => { text.scrollTop = 0; mark(text); });
    media().forEach((medium) => { medium.currentTime = 0; });
    if (timer !== null) start();
    draw();
    name();
  }

  function start() {
    // What the browser can't play stays silent; the slides go on.
    media().forEach((medium) => medium.play().catch(() => {}));
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    name();
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
    name();
    start();
  });
  back.addEventListener("click", () => go(here - 1));
  next.addEventListener("click", () => go(here + 1));
  show.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLMediaElement || event.altKey || event.ctrlKey || event.metaKey) return;
    const inText = event.target.classList.contains("text");
    if (event.key === backward && here > 0) go(here - 1);
    else if (event.key === forward && here + 1 < slides.length) go(here + 1);
    else if (event.key === "Home" && !inText) go(0);
    else if (event.key === "End" && !inText) go(slides.length - 1);
    else if (event.key === " " && event.target === show) play.click();
    else return;
    event.preventDefault();
  });
  slides.forEach((slide) => slide.querySelectorAll(".text").forEach((text) => {
    text.dataset.more = words.more;
    text.addEventListener("scroll", () => mark(text));
  }));
  window.addEventListener("resize", () => slides[here].querySelectorAll(".text").forEach(mark));
  show.classList.add("playing");
  go(0);
})();
