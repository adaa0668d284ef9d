"""The autoencoder can hold a real clip: nine frames of 64×64 pixels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from curate.media import Viewer, decode
from training.pictures import to_pixels
from training.vae import PRESETS, VideoVAE
from training.vae_loss import VAELoss, psnr, resized
from training.vae_start import linear_start

STEPS = 150
"""In how many steps 30 dB are reached, with room to spare."""


@pytest.mark.real
def test_one_real_clip_is_overfitted_to_30_db(real_videos: Path) -> None:
    viewer, frames = Viewer(), []
    for frame in decode(str(real_videos / "decord__flipping_a_pancake.mkv")):
        frames.append(viewer.rgb(frame.image, 64))
        if len(frames) == 9:
            break
    clip = to_pixels(np.stack(frames)[:, :, 24:88])[None]
    assert clip.shape == (1, 3, 9, 64, 64)
    torch.manual_seed(0)
    vae, loss = VideoVAE(PRESETS["smoke"]), VAELoss()
    linear_start(vae, [clip[0]])
    with torch.no_grad():
        began = psnr(vae.from_latent(vae.to_latent(clip)), clip).item()
    optimiser = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=STEPS, pct_start=0.1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        reconstruction, posterior = vae(clip, torch.randn(1, 16, 3, 8, 8, generator=generator))
        optimiser.zero_grad()
        loss(reconstruction, clip, posterior)[0].mean().backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    vae.eval()
    reached = psnr(vae.from_latent(vae.to_latent(clip)), clip).item()
    said = (
        f"{began:.1f} dB at the start, {reached:.1f} dB; resized: {psnr(resized(clip, 8), clip).item():.1f}"
    )
    print(said)
    assert reached >= 30, said
    assert reached > began + 2, said
