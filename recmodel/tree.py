"""Attention for targets that share a prefix: each sees the prefix and itself, never another.

A mask over one long sequence would say the same, but a target's own key would then stand at a
place that depends on the targets before it, sums would run in another order there, and its last
bits would depend on the company. Here every target's own key stands right after the prefix. It
also looks at P + 1 keys where the mask looks at P + S, most of them to no use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

if TYPE_CHECKING:
    from recmodel.prefixes import Past

# transformers finds attention functions, and what makes their masks, by name.
TREE = "lethe_tree"


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    past: Past | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend from targets [B, H, S, D] to their prefixes and to themselves; [B, S, H, D].

    Without `past` it is transformers' own attention, which is what reads prefixes. The mask is
    the prefix's, [B, 1, 1, P].
    """
    if past is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return plain
    keys, values = past.states[module.layer_idx]  # type: ignore[index]
    query = query * scaling
    to_prefix = query @ keys.transpose(-1, -2) + attention_mask
    to_self = (query * key).sum(-1, keepdim=True)
    shares = torch.softmax(torch.cat([to_prefix, to_self], dim=-1), dim=-1)
    P = keys.shape[-2]
    out = shares[..., :P] @ values + shares[..., P:] * value
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(TREE, tree_attention)
AttentionMaskInterface.register(TREE, sdpa_mask)
