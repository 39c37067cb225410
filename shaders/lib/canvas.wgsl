// Reading the object outside the canvas repeats its border (conventions.md section 5).

fn canvasIndex(start: vec2i, y: u32, x: u32, height: u32, width: u32) -> u32 {
  let row = clamp(start.x + i32(y), 0, i32(height) - 1);
  let column = clamp(start.y + i32(x), 0, i32(width) - 1);
  return u32(row) * width + u32(column);
}
