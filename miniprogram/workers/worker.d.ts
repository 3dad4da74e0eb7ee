/** The Worker's own end, which WeChat's typings leave out. */
declare const worker: WechatMiniprogram.Worker;
