// Shows the splat embedded in this page, which mouse, touch, wheel and arrow keys turn. Makes no requests.
"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const status = document.querySelector("[role=status]");
  const RADIANS = Math.PI / 180;
  const STILL_FRAMES = 3; // depth order and colours of a new view may arrive a frame apart
  const UPDATE_ONCE = 1; // the engine's WORKBUFFER_UPDATE_ONCE

  const setStatus = (state, message) => {
    document.body.dataset.state = state;
    status.textContent = message;
  };

  const fail = (error) => setStatus("failed", `This splat cannot be shown here: ${error.message ?? error}`);

  // The PLY file, which the page contains gzipped and base64-encoded.
  const ply = async () => {
    const packed = Uint8Array.from(atob(document.getElementById("splat").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(await new Response(stream).arrayBuffer());
  };

  const start = async () => {
    const canvas = document.querySelector("canvas");
    const options = new Engine.AppOptions();
    options.graphicsDevice = await Engine.createGraphicsDevice(canvas, { deviceTypes: ["webgl2"], antialias: false });
    options.graphicsDevice.maxPixelRatio = Math.min(window.devicePixelRatio, 2);
    options.componentSystems = [Engine.CameraComponentSystem, Engine.GSplatComponentSystem];
    options.resourceHandlers = [Engine.GSplatHandler];
    const app = new Engine.AppBase(canvas);
    app.init(options);
    app.setCanvasFillMode(Engine.FILLMODE_FILL_WINDOW);
    app.setCanvasResolution(Engine.RESOLUTION_AUTO);
    app.autoRender = false; // only after a change, so that an idle page uses no CPU
    Object.assign(app.scene.gsplat, { antiAlias: settings.antialias, minPixelSize: 0, minContribution: 0 });
    app.start();
    return app;
  };

  const load = (app, contents) =>
    new Promise((resolve, reject) => {
      const asset = new Engine.Asset("splat", "gsplat", { url: "splat.ply", filename: "splat.ply", contents });
      asset.ready(resolve);
      asset.on("error", reject);
      app.assets.add(asset);
      app.assets.load(asset);
    });

  // The camera orbits the origin, y up, azimuth 0 on +z; `view_deg` is its field of view along the shorter side.
  const orbit = (app, camera, frames) => {
    const pose = { azimuth_deg: 0, elevation_deg: settings.elevation_deg, distance: settings.distance };
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    const move = (right_deg, up_deg, factor) => {
      pose.azimuth_deg += right_deg;
      pose.elevation_deg = clamp(pose.elevation_deg + up_deg, -89, 89);
      pose.distance = clamp(pose.distance * factor, 0.25 * settings.distance, 4 * settings.distance);
      const [a, e] = [pose.azimuth_deg * RADIANS, pose.elevation_deg * RADIANS];
      const level = pose.distance * Math.cos(e);
      camera.setPosition(level * Math.sin(a), pose.distance * Math.sin(e), level * Math.cos(a));
      camera.lookAt(Engine.Vec3.ZERO);
      document.body.dataset.state = "drawing";
      frames.still = 0;
      frames.coloured = false;
      app.renderNextFrame = true;
    };
    const fit = () => {
      app.resizeCanvas();
      const tangent = Math.tan((settings.view_deg / 2) * RADIANS) / Math.min(1, window.innerWidth / window.innerHeight);
      camera.camera.fov = (2 * Math.atan(tangent)) / RADIANS;
      move(0, 0, 1);
    };
    window.addEventListener("resize", fit);
    fit();
    return move;
  };

  // One finger or the mouse turns, half a turn per shorter side of the window. Two fingers or the wheel zoom.
  const listen = (canvas, turn) => {
    const move = (...by) => {
      document.body.dataset.used = ""; // hides the hint
      turn(...by);
    };
    const fingers = new Map();
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const before_px = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const degrees = 180 / Math.min(window.innerWidth, window.innerHeight);
      if (fingers.size === 1) move((before.x - event.clientX) * degrees, (event.clientY - before.y) * degrees, 1);
      if (before_px) move(0, 0, before_px / Math.max(spread(), 1));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      move(0, 0, Math.exp(event.deltaY * 0.001));
    }, { passive: false });
    const keys = { ArrowLeft: [-15, 0], ArrowRight: [15, 0], ArrowUp: [0, 15], ArrowDown: [0, -15] };
    window.addEventListener("keydown", (event) => keys[event.key] && move(...keys[event.key], 1));
  };

  const show = async () => {
    const app = await start();
    const camera = new Engine.Entity("camera");
    camera.addComponent("camera", { clearColor: new Engine.Color(0, 0, 0, 0), nearClip: 0.05, farClip: 100 });
    const splat = new Engine.Entity("splat");
    splat.addComponent("gsplat", { asset: await load(app, await ply()) });
    splat.setRotation(new Engine.Quat().setFromMat4(new Engine.Mat4().set(settings.world_from_file)));
    app.root.addChild(camera);
    app.root.addChild(splat);
    // Draw until several frames in a row are complete: the first may still show the previous view.
    // Then colour the view once more: the engine misses turns of the camera that fall between two of its sorts.
    const frames = { still: 0, coloured: false };
    app.systems.gsplat.on("frame:ready", (_camera, _layer, ready) => {
      frames.still = ready ? frames.still + 1 : 0;
      if (frames.still >= STILL_FRAMES && !frames.coloured) {
        splat.gsplat.workBufferUpdate = UPDATE_ONCE;
        Object.assign(frames, { still: 0, coloured: true });
      }
      if (frames.still >= STILL_FRAMES) setStatus("ready", "Drag to turn, scroll or pinch to zoom");
      else requestAnimationFrame(() => (app.renderNextFrame = true)); // this frame clears the flag when it ends
    });
    app.systems.gsplat.on("frame:request", () => (app.renderNextFrame = true));
    listen(app.graphicsDevice.canvas, orbit(app, camera, frames));
  };

  window.addEventListener("unhandledrejection", (event) => fail(event.reason));
  show().catch(fail);
})();
