//! The services that are known by name.

use crate::options::{OptionDef, Options, convert};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    OpenAi,
    Doubao,
    DeepSeek,
    KimiAi,
    Microsoft,
    Zhipu,
    Qianfan,
    /// Described by the job.
    Custom,
}

impl Provider {
    /// The names that `LLM` takes.
    pub(super) const CHAT: [&'static str; 8] =
        ["OPENAI", "DOUBAO", "DEEPSEEK", "KIMIAI", "MICROSOFT", "ZHIPU", "QIANFAN", "CUSTOM"];
    /// The names that `Embedding` takes.
    pub(super) const EMBEDDINGS: [&'static str; 5] = ["OPENAI", "DOUBAO", "ZHIPU", "QIANFAN", "CUSTOM"];

    /// The provider that an option names; a name that is none is noted.
    pub(super) fn read(options: &Options<'_>, option: &OptionDef) -> Option<Self> {
        if options.raw(option).map(convert::to_text).is_some_and(|name| name.eq_ignore_ascii_case("AMAZON")) {
            options.error(
                option.key,
                "AMAZON is not supported: its requests must be signed with AWS credentials; put a gateway in front \
                 that takes plain requests, and name it with CUSTOM",
            );
            return None;
        }
        Some(match options.choice(option)? {
            "OPENAI" => Self::OpenAi,
            "DOUBAO" => Self::Doubao,
            "DEEPSEEK" => Self::DeepSeek,
            "KIMIAI" => Self::KimiAi,
            "MICROSOFT" => Self::Microsoft,
            "ZHIPU" => Self::Zhipu,
            "QIANFAN" => Self::Qianfan,
            _ => Self::Custom,
        })
    }

    /// Its name in job files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI",
            Self::Doubao => "DOUBAO",
            Self::DeepSeek => "DEEPSEEK",
            Self::KimiAi => "KIMIAI",
            Self::Microsoft => "MICROSOFT",
            Self::Zhipu => "ZHIPU",
            Self::Qianfan => "QIANFAN",
            Self::Custom => "CUSTOM",
        }
    }

    /// Where it answers chats, unless the job says.
    pub(super) fn chat_path(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1/chat/completions"),
            Self::Doubao => Some("https://ark.cn-beijing.volces.com/api/v3/chat/completions"),
            Self::DeepSeek => Some("https://api.deepseek.com/chat/completions"),
            Self::KimiAi => Some("https://api.moonshot.cn/v1/chat/completions"),
            Self::Zhipu => Some("https://open.bigmodel.cn/api/paas/v4/chat/completions"),
            Self::Qianfan => Some("https://qianfan.baidubce.com/v2/chat/completions"),
            Self::Microsoft | Self::Custom => None,
        }
    }

    /// Where it makes vectors, unless the job says.
    pub(super) fn embeddings_path(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1/embeddings"),
            Self::Doubao => Some("https://ark.cn-beijing.volces.com/api/v3/embeddings"),
            Self::Zhipu => Some("https://open.bigmodel.cn/api/paas/v4/embeddings"),
            Self::Qianfan => Some("https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/embeddings"),
            Self::DeepSeek | Self::KimiAi | Self::Microsoft | Self::Custom => None,
        }
    }
}
