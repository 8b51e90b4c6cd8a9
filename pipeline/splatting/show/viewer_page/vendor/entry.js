// All that the viewer takes from the engine; what it does not reach is left out of the bundle.
export {
  AppBase, AppOptions, Asset, CameraComponentSystem, Color, createGraphicsDevice, Entity, FILLMODE_FILL_WINDOW,
  GSplatComponentSystem, GSplatHandler, Mat4, Quat, RESOLUTION_AUTO, Vec3,
} from "playcanvas";
