import { expect, test } from "vitest";
import { matched, placeOf } from "@/screens/place";

test("a place without an address is the first screen", () => {
  expect(matched("/", "")).toEqual({});
  expect(matched("/", "#/")).toEqual({});
});

test("a place's parts become parameters, decoded", () => {
  expect(matched("/cameras/:camera", "#/cameras/shop%20door")).toEqual({ camera: "shop door" });
  expect(matched("/frames/:model/:partition/:offset", "#/frames/face-detection/3/17?x=1")).toEqual({
    model: "face-detection",
    partition: "3",
    offset: "17",
  });
});

test.each(["#/camera/a", "#/cameras", "#/cameras/", "#/cameras/a/b", "#/cameras/%E0%A4%A"])(
  "%s is no camera",
  (hash) => {
    expect(matched("/cameras/:camera", hash)).toBeNull();
  },
);

test("what is written is read again", () => {
  expect(matched("/cameras/:camera", placeOf("/cameras/:camera", { camera: "a/b c" }))).toEqual({ camera: "a/b c" });
});
