// An extension of JupyterLab, written by hand, so that nothing needs to be built: the notebook that `unet-explorer` opens
// is alive at once. Running a cell is running code, so it is never done for what a file says of itself: only for the
// path and the number that this very start of the server has put into the page, and once.
(() => {
  const told = () => {
    const config = document.getElementById("jupyter-config-data");
    const { unetExplorerStart } = config ? JSON.parse(config.textContent) : {};
    return unetExplorerStart && unetExplorerStart.path && unetExplorerStart.number ? unetExplorerStart : null;
  };

  // What runs unasked must not import what lies beside the notebook; from the next cell on that is its owner's wish again.
  // In a kernel that has run something nothing is touched.
  const GUARD = `import sys as _sys
if get_ipython().execution_count == 1: _sys.path[:] = [_each for _each in _sys.path if _each]
del _sys`;
  const RELEASE = "import sys as _sys; '' in _sys.path or _sys.path.append(''); del _sys";
  const COUNT = { count: "get_ipython().execution_count" };

  /** Once for each start, however often the page is loaded. */
  const isFirst = (number) => {
    const key = "unet-explorer-started";
    if (localStorage.getItem(key) === number) return false;
    localStorage.setItem(key, number);
    return true;
  };

  const run = async (app, panel, { number, source, save }) => {
    await panel.context.ready;
    await panel.sessionContext.ready;
    const { kernel } = panel.sessionContext.session ?? {};
    if (!kernel) return;
    await kernel.info;
    const { widgets } = panel.content;
    const at = widgets.findIndex(({ model }) => model.type === "code");
    const cell = widgets[at];
    // An edited notebook is its owner's: what is in it now is not what was shipped.
    if (!cell || cell.model.sharedModel.getSource() !== source || !isFirst(number)) return;
    const options = { code: GUARD, silent: true, store_history: false, user_expressions: COUNT };
    const { content } = await kernel.requestExecute(options).done;
    // In a kernel that has run something, somebody is at work already.
    if (content.user_expressions?.count?.data?.["text/plain"] !== "1") return;
    panel.content.activeCellIndex = at;
    await app.commands.execute("notebook:run-cell");
    await kernel.requestExecute({ code: RELEASE, silent: true, store_history: false }).done;
    app.shell.collapseLeft();
    if (save) await panel.context.save();
    cell.node.querySelector(".jp-OutputArea")?.scrollIntoView({ block: "start" });
  };

  const start = {
    id: "unet_explorer:start",
    description: "Runs the first cell of the notebook that unet-explorer opens.",
    autoStart: true,
    activate(app) {
      const wanted = told();
      if (!wanted) return;
      void app.restored.then(async () => {
        for (let tries = 0; tries < 100; tries += 1) {
          const panel = [...app.shell.widgets("main")].find(({ context, content }) => content?.widgets && context?.path === wanted.path);
          if (panel) return run(app, panel, wanted);
          await new Promise((resume) => setTimeout(resume, 100));
        }
      });
    },
  };

  const asPicture = (data) => {
    const picture = document.createElement("img");
    // As an image, nothing in it can run.
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data["image/svg+xml"])}`;
    picture.alt = data["text/plain"] ?? "";
    picture.style.maxWidth = "100%";
    return picture;
  };

  /** Its script runs, as JupyterLab runs those of trusted outputs. */
  const asPage = (html) => document.createRange().createContextualFragment(html);

  // A notebook that is opened again has no panel until its cell is run; until then it shows what was saved: the page
  // where the notebook is trusted, else the picture.
  const showSaved = (panel) => {
    for (const { model, outputArea } of panel.content.widgets) {
      if (!outputArea || !model.outputs) continue;
      for (let at = 0; at < model.outputs.length; at += 1) {
        const { data, metadata } = model.outputs.get(at);
        const node = outputArea.widgets[at]?.node.querySelector(".jp-OutputArea-output");
        if (!node || !metadata.unet_explorer || !data["image/svg+xml"] || node.dataset.saved) continue;
        // A widget that is alive, or on its way, stays. One that is not says so; of a notebook that is not trusted, none is
        // shown at all.
        if ((model.trusted || !node.dataset.mimeType) && !/^Error displaying widget/.test(node.textContent)) continue;
        node.dataset.saved = "true";
        node.replaceChildren(model.trusted && data["text/html"] ? asPage(data["text/html"]) : asPicture(data));
      }
    }
  };

  const saved = {
    id: "unet_explorer:saved",
    description: "Shows what was saved of a panel that is not alive.",
    autoStart: true,
    activate(app) {
      const watched = new WeakSet();
      const look = () => {
        for (const panel of app.shell.widgets("main")) {
          if (!panel.content?.widgets || !panel.context || watched.has(panel)) continue;
          watched.add(panel);
          let due = 0;
          const soon = () => {
            clearTimeout(due);
            due = setTimeout(() => showSaved(panel), 300);
          };
          const observer = new MutationObserver(soon);
          observer.observe(panel.node, { childList: true, subtree: true });
          panel.disposed.connect(() => observer.disconnect());
          soon();
        }
      };
      app.shell.layoutModified?.connect(look);
      app.shell.currentChanged?.connect(look);
      void app.restored.then(look);
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.unet_explorer = { init: () => {}, get: async () => () => ({ __esModule: true, default: [start, saved] }) };
})();
