// The script on a dealer's pages. Without consent it stores nothing on the device and sends no id.
(function (w, d, n) {
  var tag = d.currentScript, site = tag.dataset.site, door = new URL('/v', tag.src).href, ID = 'leadbell';
  var purposes = (tag.dataset.tcf || '1 8').split(' ');
  var out = n.globalPrivacyControl || n.doNotTrack == '1';
  var asked = w.leadbell?.q || [];
  // Who decides about consent: the page itself (3) before TCF (2) before Google's consent mode (1).
  var agreed = false, by = 0, id = '', page, seen, shown = 0, since = 0, opened = [];

  function stored(value) {
    try {
      if (value === null) localStorage.removeItem(ID);
      else if (value) localStorage.setItem(ID, value);
      return localStorage.getItem(ID);
    } catch (e) {}
  }
  function uuid() {
    return Array.from(crypto.getRandomValues(new Uint8Array(32)), (x, i) =>
      (i == 12 ? 4 : i == 16 ? x & 3 | 8 : x & 15).toString(16)).join('');
  }
  function consent(yes, who) {
    if (who < by) return;
    by = who;
    yes = yes && !out;
    if (yes == agreed) {
      if (!yes) stored(null);
      return;
    }
    agreed = yes;
    id = yes ? stored() || uuid() : '';
    stored(id || null);
    if (yes) look();
  }

  function text(x) { return x && typeof x == 'object' ? x.name || '' : x; }
  function inLd(x) {
    if (!x || typeof x != 'object') return;
    if (/vehicle|car\b|product|motorcycle/i.test([].concat(x['@type']).join())) {
      var offer = [].concat(x.offers)[0], image = [].concat(x.image)[0];
      return { stock: x.sku || x.productID || x.vehicleIdentificationNumber, make: text(x.brand || x.manufacturer),
        model: text(x.model) || x.name, price: offer?.price || offer?.priceSpecification?.price,
        image: image?.url || image };
    }
    return Object.values(x).map(inLd).find(Boolean);
  }
  function car() {
    var found = d.querySelector('[data-stock]')?.dataset, known = {};
    if (!found) d.querySelectorAll('[type$="ld+json"]').forEach(s => {
      try { found = found || inLd(JSON.parse(s.text)); } catch (e) {}
    });
    ['stock', 'make', 'model', 'price', 'image'].forEach(k => {
      var x = found?.[k] || k == 'image' && d.querySelector('[property="og:image"]')?.content;
      if (x) known[k] = (x + '').slice(0, 400);
    });
    return known;
  }

  function send(kind, ms) {
    var link = agreed && kind == 'view' && new URLSearchParams(location.search).get(ID);
    n.sendBeacon(door, JSON.stringify({ s: site, v: id, c: agreed, g: !!out, t: Date.now(), k: kind, p: page,
      u: seen.slice(0, 1000), h: d.title.slice(0, 200), d: ms || 0, l: link || '',
      car: agreed ? car() : {} }));
  }
  function here() { return location.pathname + location.search; }
  function visible() { return d.visibilityState == 'visible'; }
  function look() {
    page = uuid();
    seen = here();
    shown = 0;
    since = visible() ? Date.now() : 0;
    opened = [];
    send('view');
  }
  function leave() {
    if (since) shown += Date.now() - since;
    since = 0;
    if (agreed && shown) send('time', shown);
  }

  // Single-page sites.
  function moved() {
    setTimeout(() => {
      if (here() != seen) {
        leave();
        look();
      }
    });
  }
  ['pushState', 'replaceState'].forEach(k => {
    var f = history[k];
    history[k] = function () {
      f.apply(history, arguments);
      moved();
    };
  });
  w.addEventListener('popstate', moved);
  w.addEventListener('pagehide', leave);
  d.addEventListener('visibilitychange', () => {
    if (visible()) since = Date.now();
    else leave();
  });

  d.addEventListener('click', e => {
    var a = e.target.closest?.('a[href^="tel:"],a[href^="mailto:"]');
    if (a) send(a.protocol == 'tel:' ? 'tel' : 'mail');
  }, true);
  function form(e) { return e.target.closest?.('form[method="post" i]'); }
  d.addEventListener('focusin', e => {
    var f = form(e);
    if (f && opened.indexOf(f) < 0) {
      opened.push(f);
      send('form_opened');
    }
  });
  d.addEventListener('submit', e => {
    var f = form(e), h;
    if (!f) return;
    h = f.elements.leadbell_visitor;
    if (id && !h) {
      h = d.createElement('input');
      h.type = 'hidden';
      h.name = 'leadbell_visitor';
      f.append(h);
    }
    if (h) h.value = id;
    send('form_sent');
  }, true);

  // leadbell('consent', true) · ('chat', 'opened') · ('visitor', f) · ('me', f) · ('erase', f)
  w.leadbell = function (what, x) {
    if (what == 'consent') consent(!!x, 3);
    if (what == 'chat') send('chat_' + x);
    if (what == 'visitor') x(id);
    if (what == 'me' || what == 'erase') {
      var erase = what == 'erase', had = id || stored();
      if (!had) x && x({ known: false });
      else fetch(door + '/me?site=' + site, erase
        ? { method: 'POST', body: JSON.stringify({ site: site, visitor: had }) }
        : { headers: { 'leadbell-visitor': had } }).then(r => r.json()).then(x || Boolean);
      if (erase) consent(false, 3);
    }
  };
  asked.forEach(a => w.leadbell.apply(0, a));

  function tcf() {
    w.__tcfapi('addEventListener', 2, (t, ok) => {
      if (ok && t.eventStatus != 'cmpuishown') consent(purposes.every(p => t.purpose.consents[p]), 2);
    });
  }
  function google(a) {
    if (a?.[0] == 'consent' && a[2]?.analytics_storage) consent(a[2].analytics_storage == 'granted', 1);
  }
  if (w.__tcfapi) tcf();
  var layer = w.dataLayer = w.dataLayer || [], push = layer.push;
  layer.forEach(google);
  layer.push = function (a) {
    google(a);
    return push.apply(layer, arguments);
  };
  if (!page) look();

  // Chat and the catching of forms, where the site has them.
  var more = d.createElement('script');
  more.nonce = tag.nonce;
  more.src = door + '/more?site=' + site;
  d.head.append(more);
})(window, document, navigator);
