// A picture as a track of video: what any engine that can call shows. It is painted again and again, for a static canvas
// sends no frame to who joins later.
const LONGEST = 1600, LEAST = 640; // px of its longer side
const EVERY = 500; // ms

export class StillPicture {
  // Rejects when the engine cannot read it.
  static of(address) {
    return new Promise((done, failed) => {
      const image = new Image();
      image.onload = () => { if (image.naturalWidth) done(new StillPicture(image)); else failed(new Error('without a size')); };
      image.onerror = () => failed(new Error('unreadable'));
      image.src = address;
    });
  }

  constructor(image) {
    const longer = Math.max(image.naturalWidth, image.naturalHeight), scale = Math.min(Math.max(longer, LEAST), LONGEST) / longer;
    this.image = image;
    this.canvas = document.createElement('canvas');
    this.canvas.width = even(image.naturalWidth * scale);
    this.canvas.height = even(image.naturalHeight * scale);
    this.pen = this.canvas.getContext('2d', { alpha: false });
    this.pen.imageSmoothingQuality = 'high';
  }

  // The track; who stops it stops the painting, too.
  begin() {
    this.paint();
    const [track] = this.canvas.captureStream().getVideoTracks(), timer = setInterval(() => {
      if (track.readyState === 'ended') clearInterval(timer); else this.paint();
    }, EVERY);
    return track;
  }

  paint() {
    const { width, height } = this.canvas;
    this.pen.fillStyle = '#fff';
    this.pen.fillRect(0, 0, width, height);
    this.pen.drawImage(this.image, 0, 0, width, height);
  }
}

// Encoders halve the colours.
function even(size) { return Math.max(2, 2 * Math.round(size / 2)); }
