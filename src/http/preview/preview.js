// Reloads a page of the preview when the site is another than the one it is of, and stays at the same place in it.
"use strict";
(() => {
  const KEY = "feedmill.place";
  const site = document.currentScript.dataset.site;
  let events = null;

  const listen = () => {
    if (document.hidden || events) return;
    events = new EventSource("/preview/events");
    events.onmessage = (event) => {
      if (event.data === site) return;
      stop();
      try {
        sessionStorage.setItem(KEY, JSON.stringify([scrollX, scrollY]));
      } catch {
        // without storage the page begins at its top
      }
      location.reload();
    };
    events.onerror = () => {
      // a refusal ends it; a lost connection comes back by itself
      if (events && events.readyState === EventSource.CLOSED) {
        events = null;
        setTimeout(listen, 3000);
      }
    };
  };

  // a browser has six connections to a host: pages that nobody looks at need none
  const stop = () => {
    if (events) events.close();
    events = null;
  };

  const goBack = () => {
    try {
      const place = JSON.parse(sessionStorage.getItem(KEY));
      sessionStorage.removeItem(KEY);
      if (place) scrollTo({ left: place[0], top: place[1], behavior: "instant" });
    } catch {
      // it begins at its top
    }
  };

  addEventListener("load", goBack, { once: true });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", listen);
  listen();
})();
