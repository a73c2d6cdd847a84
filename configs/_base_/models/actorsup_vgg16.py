# The paper's model (Sec. 3.2, 4.2): VGG16 up to relu5_3, 5×5 pooling, one linear layer, the top 12 of 20 tubes.
#
# Another head by name: --cfg-options model.head.type=MaximumHead
#
#   head                   a video's logit for a class                        its own options, model.head.<option>
#   TopKAttentionHead      the mean of its tubes' k highest: the paper's      topk=12
#   MeanHead               their mean
#   MaximumHead            their highest
#   LogSumExpHead          between mean and highest                           sharpness=1.0
#   SoftmaxAttentionHead   their mean, weighted by learned attention          attention_size=128, gated=True,
#                                                                             rank_by_attention=False
#   SupervisedTubeHead     the upper bound, which needs the labels of tubes: actorsup_vgg16_thumos13_supervised.py
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(type="VGG16Encoder", weights="IMAGENET1K_V1"),
    pooling=dict(type="ActorRoIPool3D", output_size=(5, 5)),
    head=dict(type="TopKAttentionHead", num_classes=24, in_channels=512, roi_size=(5, 5)),
)
