// The worker in which scans are read and reconstructed.
import "./before.ts";
import { serveReconstructions } from "ptycho-webgpu/worker";

serveReconstructions(self);
